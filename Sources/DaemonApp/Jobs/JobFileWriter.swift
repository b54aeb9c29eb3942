// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography
internal import Glibc

/// A file of one attempt: written once, from its beginning to its end.
struct JobFileWriter: ~Copyable {
    private let path: String
    private let descriptor: FileDescriptor
    private var digest = SHA256()
    private(set) var byteCount = 0

    init(_ path: String) throws(SystemError) {
        self.path = path
        descriptor = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL)
    }

    mutating func write(_ bytes: Span<UInt8>) throws(SystemError) {
        digest.update(bytes)
        byteCount += bytes.count
        try descriptor.write(bytes, path: path)
    }

    /// The first `length` bytes of `buffer`.
    mutating func write(_ buffer: borrowing ByteBuffer, length: Int) throws(SystemError) {
        try write(buffer.bytes.extracting(0..<length))
    }

    /// Makes it durable; returns the SHA-256 of what was written.
    @discardableResult
    mutating func finish() throws(SystemError) -> String {
        if fsync(descriptor.number) != 0 { throw SystemError("fsync", on: path) }
        var finished = SHA256()
        swap(&finished, &digest)
        return finished.finish().hexadecimal
    }
}
