// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// The file of a Unix-domain socket that this process has bound.
struct UnixSocketFile: Sendable {
    private let path: String
    /// Which file it was when we made it: a successor's file of the same name is not ours to remove.
    private let device: UInt64
    private let inode: UInt64

    /// Binds the socket `number` to `path`. A file that a dead process left behind is replaced; a living
    /// process's socket, and any other file, is an error.
    init(_ path: String, bindingTo number: CInt, mode: UInt32) throws(NetError) {
        self.path = path
        // Before the file exists, so that it is never open to more people than it should be; the process's
        // umask may still take away from it.
        _ = fchmod(number, mode)
        if try Self.bind(number, path) == EADDRINUSE {
            try Self.removeStale(path)
            guard try Self.bind(number, path) == 0 else {
                throw .system(SystemError("bind", on: "unix:\(path)", code: EADDRINUSE))
            }
        }
        // Safe because the path is a C string for the calls, and the kernel writes only the struct.
        guard unsafe chmod(path, mode) == 0 else { throw .system(SystemError("chmod", on: path)) }
        var facts = stat()
        guard unsafe lstat(path, &facts) == 0 else { throw .system(SystemError("stat", on: path)) }
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
    }

    /// Removes the file if it is still the one that was made.
    func remove() {
        var facts = stat()
        // Safe because the path is a C string for the calls, and the kernel writes only the struct.
        guard unsafe lstat(path, &facts) == 0, UInt64(facts.st_dev) == device, UInt64(facts.st_ino) == inode
        else { return }
        _ = unsafe unlink(path)
    }

    private static func bind(_ number: CInt, _ path: String) throws(NetError) -> CInt {
        let target = try SocketAddress(.unix(path: path))
        // Safe because the kernel only reads the address during the call.
        let result = unsafe target.withPointer { pointer, length in
            unsafe Glibc.bind(number, pointer, length)
        }
        let code = errno
        if result == 0 { return 0 }
        if code == EADDRINUSE { return code }
        throw .system(SystemError("bind", on: "unix:\(path)", code: code))
    }

    private static func removeStale(_ path: String) throws(NetError) {
        var facts = stat()
        // Safe because the path is a C string for the calls, and the kernel writes only the struct.
        guard unsafe lstat(path, &facts) == 0 else { return }
        guard facts.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        let probe = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | UInt32(SOCK_CLOEXEC.rawValue)), 0)
        guard probe >= 0 else { throw .system(SystemError("socket", on: path)) }
        let owner = FileDescriptor(owning: probe)
        let target = try SocketAddress(.unix(path: path))
        // Only the dead refuse; a living process that is busy or not ours answers otherwise.
        let result = unsafe target.withPointer { pointer, length in
            unsafe connect(owner.number, pointer, length)
        }
        let code = errno
        guard result != 0, code == ECONNREFUSED || code == ENOENT else { throw .inUse(path: path) }
        _ = unsafe unlink(path)
    }
}
