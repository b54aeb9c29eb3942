// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Writes a file so that a reader, also after a crash, sees the old one or the new one, whole.
package enum AtomicFile {
    /// Writes `bytes` to a dot-name beside `path`, syncs, renames it onto `path` and syncs the directory.
    ///
    /// Nothing is left behind when it fails. `mode` is what the umask leaves of it. When only the last step,
    /// the directory's sync, fails, the new file stands, but may be lost by a power failure.
    package static func write(
        _ bytes: Span<UInt8>, to path: String, mode: mode_t = 0o644
    ) throws(SystemError) {
        let (directory, name) = split(path)
        var temporary = ""
        let file = try create(in: directory, name: name, mode: mode, path: &temporary)
        do throws(SystemError) {
            try file.write(bytes, path: temporary)
            if fsync(file.number) != 0 { throw SystemError("fsync", on: temporary) }
            // Safe because both strings are passed as C strings that live for the call; so below.
            if unsafe rename(temporary, path) != 0 { throw SystemError("rename", on: path) }
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
        try syncDirectory(directory)
    }

    /// Writes `bytes` to a dot-name beside `path`, syncs, links it onto `path` and syncs the directory: of
    /// several who do this at once, one gets the name.
    ///
    /// - Returns: false when `path` is there already.
    package static func create(
        _ bytes: Span<UInt8>, at path: String, mode: mode_t = 0o644
    ) throws(SystemError) -> Bool {
        let (directory, name) = split(path)
        var temporary = ""
        let file = try create(in: directory, name: name, mode: mode, path: &temporary)
        // Safe because the strings are passed as C strings that live for the calls; so below.
        defer { _ = unsafe unlink(temporary) }
        try file.write(bytes, path: temporary)
        if fsync(file.number) != 0 { throw SystemError("fsync", on: temporary) }
        if unsafe link(temporary, path) != 0 {
            if errno == EEXIST { return false }
            throw SystemError("link", on: path)
        }
        try syncDirectory(directory)
        return true
    }

    /// Makes the names in `directory` durable.
    package static func syncDirectory(_ directory: String) throws(SystemError) {
        let opened = try FileDescriptor(opening: directory, O_RDONLY | O_DIRECTORY)
        if fsync(opened.number) != 0 { throw SystemError("fsync", on: directory) }
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }

    /// A name that nobody else has: the kernel refuses a second creation, so a few tries are enough.
    private static func create(
        in directory: String, name: String, mode: mode_t, path: inout String
    ) throws(SystemError) -> FileDescriptor {
        for _ in 0..<16 {
            let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
            path = "\(directory)/.\(name.prefix(120)).\(suffix).tmp"
            do throws(SystemError) {
                return try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
            } catch {
                if error.code != EEXIST { throw error }
            }
        }
        throw SystemError("create", on: path, code: EEXIST)
    }
}
