// SPDX-License-Identifier: Apache-2.0
import Base
import Compression
import Cryptography

/// The bytes of a data file from its beginning, decompressed when they are gzip (told by the first two bytes,
/// not by the name); hashed as they lie in the file.
struct DataStream: ~Copyable {
    let path: String
    private let file: SharedFile
    private var raw = ByteBuffer(capacity: 1 << 18)
    private var rawPosition = 0
    private var inflater: Inflater
    private var isCompressed = false
    private var isFirst = true
    private var hasMore = false
    private var digest = SHA256()
    /// Bytes of the file read so far.
    private(set) var byteCount = 0

    /// Bytes of a regular file that is not compressed, known once something was read; nil for another.
    var plainSize: Int? { isCompressed ? nil : file.size }

    init(_ file: SharedFile, path: String) throws(IngestError) {
        self.file = file
        self.path = path
        do { inflater = try Inflater(.gzip, limits: InflateLimits(outputBytesMax: 1 << 42)) } catch {
            throw .compressed(path: path, reason: "\(error)")
        }
    }

    /// Replaces what `buffer` holds by the next bytes; false at the end.
    mutating func read(into buffer: inout ByteBuffer) throws(IngestError) -> Bool {
        if !isFirst && !isCompressed {
            guard try file.read(into: &buffer) else { return false }
            note(buffer.bytes)
            return true
        }
        if isFirst {
            isFirst = false
            guard try file.read(into: &buffer) else { return false }
            note(buffer.bytes)
            isCompressed = buffer.count >= 2 && buffer.bytes[0] == 0x1F && buffer.bytes[1] == 0x8B
            if !isCompressed { return true }
            raw.append(buffer.bytes)
            hasMore = true
        }
        // Out of `self` while its bytes are borrowed.
        var piece = ByteBuffer()
        swap(&piece, &raw)
        defer { swap(&piece, &raw) }
        return try inflate(&piece, into: &buffer)
    }

    private mutating func inflate(
        _ piece: inout ByteBuffer, into buffer: inout ByteBuffer
    ) throws(IngestError) -> Bool {
        buffer.clear()
        while buffer.isEmpty {
            if !hasMore {
                piece.clear()
                rawPosition = 0
                guard try file.read(into: &piece) else { return try endOfStream() }
                note(piece.bytes)
            }
            var position = rawPosition
            do {
                hasMore =
                    try inflater.next(piece.bytes, from: &position, into: &buffer, room: 1 << 20) == .hasMore
            } catch {
                throw .compressed(path: path, reason: "\(error)")
            }
            rawPosition = position
        }
        return true
    }

    private mutating func note(_ bytes: Span<UInt8>) {
        digest.update(bytes)
        byteCount += bytes.count
    }

    private func endOfStream() throws(IngestError) -> Bool {
        do { try inflater.finish() } catch { throw .compressed(path: path, reason: "\(error)") }
        return false
    }

    /// The digest of the file's bytes, and how many they are.
    consuming func finish() -> (sha256: String, byteCount: Int) {
        (digest.finish().hexadecimal, byteCount)
    }
}
