// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// A file or pipe with data, read in chunks from the start as often as needed. What comes from a pipe is
/// kept.
package struct DataFile: ~Copyable {
    /// As the user wrote it; `-` is standard input.
    package let path: String
    private let descriptor: FileDescriptor
    /// All bytes of a pipe.
    private let kept: ByteBuffer
    /// What came from it is kept.
    let isPipe: Bool
    /// Of a regular file, when it was opened; nil for a pipe.
    let size: Int?
    private var position = 0

    /// 4 GiB: a pipe's bytes are held in memory, since the data is read twice.
    private static let pipeBytesMax = 1 << 32
    private static let chunkBytes = 1 << 18

    package init(opening path: String) throws(IngestError) {
        let descriptor: FileDescriptor
        do { descriptor = try FileDescriptor(reading: path) } catch { throw .system(error) }
        let number = descriptor.number
        var status = stat()
        // Safe because `status` outlives the call that fills it in.
        guard unsafe fstat(number, &status) == 0 else { throw .system(SystemError("stat", on: path)) }
        let isPipe: Bool
        switch status.st_mode & S_IFMT {
        case S_IFREG: isPipe = false
        case S_IFIFO, S_IFCHR, S_IFSOCK: isPipe = true
        default: throw .notAFile(path: path)
        }
        var kept = ByteBuffer()
        if isPipe { try DataFile.readAll(number, path, into: &kept) }
        self.path = path
        self.descriptor = descriptor
        self.kept = kept
        self.isPipe = isPipe
        size = isPipe ? nil : Int(status.st_size)
    }

    /// The next read starts at the first byte again.
    package mutating func rewind() { position = 0 }

    /// Replaces what `buffer` holds by the next bytes of the file; false at the end.
    package mutating func read(into buffer: inout ByteBuffer) throws(IngestError) -> Bool {
        buffer.clear()
        if isPipe {
            readKept(into: &buffer)
        } else {
            _ = try DataFile.read(descriptor.number, into: &buffer, at: position, path)
        }
        position += buffer.count
        return !buffer.isEmpty
    }

    private mutating func readKept(into buffer: inout ByteBuffer) {
        let end = min(position + DataFile.chunkBytes, kept.count)
        buffer.append(kept.bytes.extracting(position..<end))
    }

    private static func readAll(
        _ number: CInt, _ path: String, into all: inout ByteBuffer
    ) throws(IngestError) {
        while try read(number, into: &all, at: nil, path) {
            if all.count > pipeBytesMax { throw .pipeTooLong(path: path, limit: pipeBytesMax) }
        }
    }

    /// Appends what one read gives; false at the end. `offset` nil reads on from where the descriptor stands.
    private static func read(
        _ number: CInt, into buffer: inout ByteBuffer, at offset: Int?, _ path: String
    ) throws(IngestError) -> Bool {
        while true {
            var result = 0
            var code: CInt = 0
            // Safe because `start` has room for `chunkBytes` bytes.
            unsafe buffer.withFreeSpace(chunkBytes) { start in
                result =
                    if let offset {
                        unsafe pread(number, start, chunkBytes, off_t(offset))
                    } else {
                        unsafe Glibc.read(number, start, chunkBytes)
                    }
                code = errno
                return max(result, 0)
            }
            if result >= 0 { return result > 0 }
            if code != EINTR { throw .system(SystemError("read", on: path, code: code)) }
        }
    }
}
