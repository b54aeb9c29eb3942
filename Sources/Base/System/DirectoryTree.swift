// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Whole directories.
package enum DirectoryTree {
    /// Deeper ones are left alone: nobody made them by publishing.
    private static let depthMax = 32

    /// Removes what is at `path`, with everything in it. A symbolic link is removed, never followed. Nothing
    /// at `path` is success.
    ///
    /// - Throws: the first thing that could not be removed; what was removed before stays removed.
    package static func remove(_ path: String) throws(SystemError) {
        try remove(path, at: AT_FDCWD, shown: path, depth: 0)
    }

    private static func remove(
        _ name: String, at directory: CInt, shown: String, depth: Int
    ) throws(SystemError) {
        // Safe because the string is passed as a C string that lives for the call; so below.
        if unsafe unlinkat(directory, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM, depth < depthMax else {
            throw SystemError("unlink", on: shown)
        }
        let number = unsafe openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if number < 0 { throw SystemError("open", on: shown) }
        let opened = FileDescriptor(owning: number)
        for entry in try Directory.names(in: "/proc/self/fd/\(opened.number)") {
            guard let entry else { throw SystemError("unlink", on: shown, code: EILSEQ) }
            try remove(entry, at: opened.number, shown: "\(shown)/\(entry)", depth: depth + 1)
        }
        if unsafe unlinkat(directory, name, AT_REMOVEDIR) != 0 && errno != ENOENT {
            throw SystemError("rmdir", on: shown)
        }
    }
}
