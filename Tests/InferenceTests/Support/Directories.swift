// SPDX-License-Identifier: Apache-2.0
import Glibc

enum Directories {
    /// The sorted names in the directory at `path`, without dot-names; none when there is no directory.
    static func names(_ path: String) -> [String] {
        // Safe because the stream is used by this function alone and an entry's name is copied before the
        // next is read.
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
