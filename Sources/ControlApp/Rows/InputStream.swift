// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// A file or standard input, read in pieces.
final class InputStream {
    /// For messages: the path, or `standard input`.
    let name: String
    private let descriptor: FileDescriptor
    /// What went wrong in the last `read`.
    private(set) var failure: SystemError?

    private static let pieceBytes = 1 << 18

    /// - Parameter path: `-` is standard input.
    init(_ path: String) throws(ControlError) {
        name = path == "-" ? "standard input" : path
        do { descriptor = try FileDescriptor(reading: path) } catch { throw .unreadable(error) }
    }

    /// The next bytes; empty at the end.
    func read() throws(SystemError) -> [UInt8] {
        let number = descriptor.number
        var code: CInt = 0
        // Safe because read writes at most the bytes that the buffer has, and `count` says how many it wrote.
        let piece = unsafe [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
            var got = unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
            while got < 0 && errno == EINTR {
                got = unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
            }
            if got < 0 { code = errno }
            count = max(0, got)
        }
        guard code == 0 else {
            let error = SystemError("read", on: name, code: code)
            failure = error
            throw error
        }
        return piece
    }

    /// Everything that is left.
    func readAll(after beginning: [UInt8], limit: Int) throws(ControlError) -> [UInt8] {
        var bytes = beginning
        while true {
            let piece: [UInt8]
            do { piece = try read() } catch { throw .unreadable(error) }
            if piece.isEmpty { return bytes }
            bytes += piece
            guard bytes.count <= limit else {
                throw .invalidRows(
                    place: name, reason: "more than \(limit) bytes of JSON; use CSV for large inputs")
            }
        }
    }
}
