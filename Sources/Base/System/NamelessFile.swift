// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Makes files without a name: gone when they are closed, or when the program ends, however that comes about.
package enum NamelessFile {
    /// An empty file in `directory`, for reading and writing; programs that are started later do not have it.
    package static func create(in directory: String) throws(SystemError) -> FileDescriptor {
        // O_TMPFILE, whose definition Swift does not see: a file without a name.
        let nameless: CInt = 0o20_000_000 | O_DIRECTORY
        do throws(SystemError) {
            return try FileDescriptor(opening: directory, O_RDWR | nameless, mode: 0o600)
        } catch {
            // What file systems say that know no such files.
            guard [EOPNOTSUPP, EISDIR, EINVAL].contains(error.code) else {
                throw SystemError("create", on: directory, code: error.code)
            }
        }
        return try createAndRemove(in: directory)
    }

    /// Likewise where files have a name at first: only a program that is killed between the two leaves it.
    static func createAndRemove(in directory: String) throws(SystemError) -> FileDescriptor {
        let path = "\(directory)/.modeld.\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let file = try FileDescriptor(opening: path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        // Safe because the path is passed as a C string that lives for the call.
        _ = unsafe unlink(path)
        return file
    }
}
