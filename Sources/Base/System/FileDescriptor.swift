// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An open descriptor with one owner: closed exactly once, when the value ends.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number that the kernel knows it by; valid while this value lives.
    package let number: CInt

    /// Takes over `number`; nobody else may close it.
    package init(owning number: CInt) { self.number = number }

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
