// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Names of files as people write them.
package enum FilePattern {
    /// The files that `pattern` names, in the order of their names: itself, or where it has `*`, `?` or `[`
    /// the files that match.
    package static func files(_ pattern: String) throws(IngestError) -> [String] {
        // Safe because the pattern lives as a C string through each call.
        guard pattern.contains(where: { "*?[".contains($0) }), unsafe access(pattern, F_OK) != 0 else {
            return [pattern]
        }
        // Safe because `found` is filled by glob, read up to its count, and freed once.
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(pattern, 0, nil, &found) == 0, unsafe found.gl_pathc > 0 else {
            throw .noFiles(pattern: pattern)
        }
        var names: [String] = []
        for index in 0..<Int(unsafe found.gl_pathc) {
            if let name = unsafe found.gl_pathv[index] { names.append(unsafe String(cString: name)) }
        }
        return names
    }
}
