// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Makes files without a name: gone when they are closed, or when the program ends, however that comes about.
package enum NamelessFile {
    /// An empty file in `directory`, for reading and writing; programs that are started later do not have it.
    package static func create(in directory: String) throws(SystemError) -> FileDescriptor {
        // O_TMPFILE, whose definition Swift does not see: a file without a name.
        let nameless: CInt = 0o20_000_000 | O_DIRECTORY
        // Safe because the path is passed as a C string that lives for the call.
        let number = unsafe open(directory, O_RDWR | O_CLOEXEC | nameless, 0o600)
        if number >= 0 { return FileDescriptor(owning: number) }
        // What file systems say that know no such files.
        guard errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else {
            throw SystemError("create", on: directory)
        }
        return try createAndRemove(in: directory)
    }

    /// Likewise where files have a name at first: only a program that is killed between the two leaves it.
    static func createAndRemove(in directory: String) throws(SystemError) -> FileDescriptor {
        let path = "\(directory)/.modeld.\(String(UInt64.random(in: .min ... .max), radix: 36))"
        // Safe because the path is passed as a C string that lives for the call; so below.
        let number = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw SystemError("create", on: path) }
        _ = unsafe unlink(path)
        return FileDescriptor(owning: number)
    }
}
