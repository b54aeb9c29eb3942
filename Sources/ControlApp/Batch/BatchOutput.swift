// SPDX-License-Identifier: Apache-2.0
import Base
import Compression
import Cryptography
import Glibc

/// Where answers go: a file that appears whole under its name when all is written; or standard output, a
/// device or a pipe, which are written as it goes.
struct BatchOutput: ~Copyable, Sendable {
    private let path: String
    private let temporary: String?
    private let descriptor: FileDescriptor
    private var digest = SHA256()
    private(set) var byteCount = 0
    private var isFinished = false
    /// Packs what is written; nil: it goes out as it is.
    private var deflater: Deflater?
    private var packed = ByteBuffer()

    /// - Parameter path: `-` is standard output; a name that ends with `.gz` is that of a gzip file.
    init(_ path: String) throws(BatchFailure) {
        self.path = path
        if path.hasSuffix(".gz") {
            do throws(CompressionError) {
                deflater = try Deflater(.gzip)
            } catch {
                throw .temporary("\(error)")
            }
        }
        if path == "-" {
            temporary = nil
            descriptor = FileDescriptor(owning: dup(STDOUT_FILENO))
            return
        }
        do throws(SystemError) {
            if let facts = try? FileFacts(of: path), facts.kind == .other {
                descriptor = try FileDescriptor(opening: path, O_WRONLY)
                temporary = nil
            } else {
                let name = "\(path).\(getpid()).tmp"
                descriptor = try FileDescriptor(opening: name, O_WRONLY | O_CREAT | O_TRUNC)
                temporary = name
            }
        } catch {
            throw BatchFailure(error)
        }
    }

    deinit {
        // Safe because the path is passed as a C string that lives for the call.
        if let temporary, !isFinished { _ = unsafe unlink(temporary) }
    }

    mutating func write(_ bytes: Span<UInt8>) throws(BatchFailure) {
        guard deflater != nil else { return try send(bytes) }
        packed.clear()
        deflater?.write(bytes, into: &packed)
        try sendPacked()
    }

    private mutating func sendPacked() throws(BatchFailure) {
        var own = ByteBuffer()
        swap(&own, &packed)
        try send(own.bytes)
        swap(&own, &packed)
    }

    private mutating func send(_ bytes: Span<UInt8>) throws(BatchFailure) {
        if temporary != nil { digest.update(bytes) }
        byteCount += bytes.count
        do throws(SystemError) {
            try descriptor.write(bytes, path: path == "-" ? "standard output" : temporary ?? path)
        } catch {
            if path == "-" && error.code == EPIPE { throw .readerGone }
            throw BatchFailure(error)
        }
    }

    /// Gives a file its name, durably; returns the SHA-256 of what was written to it.
    mutating func finish() throws(BatchFailure) -> String? {
        if deflater != nil {
            packed.clear()
            deflater?.finish(into: &packed)
            try sendPacked()
        }
        guard let temporary else { return nil }
        do throws(SystemError) {
            if fsync(descriptor.number) != 0 { throw SystemError("fsync", on: temporary) }
            // Safe because both strings are passed as C strings that live for the call.
            if unsafe rename(temporary, path) != 0 { throw SystemError("rename", on: path) }
            isFinished = true
            try AtomicFile.syncDirectory(Self.directory(of: path))
        } catch {
            throw BatchFailure(error)
        }
        var finished = SHA256()
        swap(&finished, &digest)
        return finished.finish().hexadecimal
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
