// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An open descriptor with one owner: closed exactly once, when the value ends.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number that the kernel knows it by; valid while this value lives.
    package let number: CInt

    /// Takes over `number`; nobody else may close it.
    package init(owning number: CInt) { self.number = number }

    /// Opens a file that no program which is started later has.
    ///
    /// - Parameters:
    ///   - flags: of open(2); `O_CLOEXEC` is among them anyway.
    ///   - mode: what the umask leaves of it are the permissions of a file that is made.
    package init(opening path: String, _ flags: CInt, mode: mode_t = 0o644) throws(SystemError) {
        // Safe because the string is passed as a C string that lives for the call.
        let number = unsafe open(path, flags | O_CLOEXEC, mode)
        if number < 0 { throw SystemError(flags & O_CREAT == 0 ? "open" : "create", on: path) }
        self.init(owning: number)
    }

    /// Opens a file to be read; `-` is standard input.
    package init(reading path: String) throws(SystemError) {
        guard path == "-" else {
            try self.init(opening: path, O_RDONLY)
            return
        }
        let number = dup(STDIN_FILENO)
        if number < 0 { throw SystemError("open", on: "standard input") }
        self.init(owning: number)
    }

    deinit { _ = close(number) }

    /// Writes all of `bytes` where the file stands.
    ///
    /// - Parameter path: its name in errors.
    package func write(_ bytes: Span<UInt8>, path: String) throws(SystemError) {
        try Self.write(bytes, to: number, path: path)
    }

    /// Likewise to a descriptor that somebody else owns: standard output, say.
    package static func write(
        _ bytes: Span<UInt8>, to number: CInt, path: String
    ) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            // Safe because write reads only the bytes of the span, which live through the call.
            let written = unsafe bytes.extracting(done..<bytes.count).withUnsafeBytes {
                unsafe Glibc.write(number, $0.baseAddress, $0.count)
            }
            if written < 0 && errno == EINTR { continue }
            if written < 0 { throw SystemError("write", on: path) }
            // Nothing was written and nothing is wrong: nobody could say when to stop.
            if written == 0 { throw SystemError("write", on: path, code: EIO) }
            done += written
        }
    }

    /// Gives the number away without closing it.
    package consuming func release() -> CInt {
        let number = number
        discard self
        return number
    }
}
