// SPDX-License-Identifier: Apache-2.0
import Base
import Compression
import Glibc
import Serving
import Tabular

/// The chunks of the input, one after the other, each of whole records.
///
/// State: whoever calls it holds the run's lock.
struct BatchReader: ~Copyable, Sendable {
    /// For messages.
    let name: String
    /// Of a regular file, packed as it may be; nil for a pipe.
    let size: Int?
    /// The input is a gzip file.
    let isPacked: Bool
    private var unpacker = Unpacker()
    private let input: FileDescriptor
    private var framer: BatchFramer
    private var pending = ByteBuffer(capacity: BatchReader.chunkBytes)
    private(set) var isAtEnd = false
    /// Bytes of the file read so far.
    private(set) var position = 0
    /// Where the chunk that is given out next begins.
    private var start = 0
    /// Records that begin here or later are another shard's.
    private var end: Int?

    static let chunkBytes = 1 << 18

    /// - Parameter path: `-` is standard input; a name that ends with `.gz` is that of a gzip file.
    init(_ path: String, _ options: BatchOptions, for model: BatchModel) throws(BatchFailure) {
        name = path == "-" ? "standard input" : path
        let opened: FileDescriptor
        do { opened = try FileDescriptor(reading: path) } catch { throw BatchFailure(error) }
        size = try Self.size(of: opened, name)
        input = opened
        framer = BatchFramer(options, for: model)
        isPacked = path.hasSuffix(".gz")
    }

    private static func size(of file: borrowing FileDescriptor, _ name: String) throws(BatchFailure) -> Int? {
        var facts = stat()
        // Safe because fstat only writes the struct that it is given.
        if unsafe fstat(file.number, &facts) != 0 { throw BatchFailure(SystemError("stat", on: name)) }
        if facts.st_mode & S_IFMT == S_IFDIR {
            throw BatchFailure(SystemError("read", on: name, code: EISDIR))
        }
        return facts.st_mode & S_IFMT == S_IFREG ? Int(facts.st_size) : nil
    }

    /// The names in the header; nil when there is none.
    mutating func readHeader() throws(BatchFailure) -> [String]? {
        while true {
            let found: (names: [String]?, length: Int)?
            do throws(BatchError) {
                found = try framer.header(in: pending.bytes, isAtEnd: isAtEnd)
            } catch {
                throw BatchFailure(error, in: name)
            }
            if let found {
                start = found.length
                let lines = framer.lineCount(pending.bytes.extracting(0..<found.length))
                framer.advance(lines: lines)
                pending.removeFirst(found.length)
                return found.names
            }
            try fill()
        }
    }

    /// Goes to the shard's first record; only its records are read from here on.
    mutating func limit(to shard: BatchShard) throws(BatchFailure) {
        guard let size, !isPacked else {
            throw .permanent("\(name): a shard is a part of a plain file; a pipe or a gzip file has none")
        }
        let range = shard.bytes(of: size)
        var chunk = ByteBuffer(capacity: Self.chunkBytes)
        // Everything before is looked through: only so is it known what is a record and what a quoted line.
        while start < range.lowerBound {
            let first = start
            guard try next(into: &chunk) != nil else { break }
            guard start > range.lowerBound else { continue }
            let own = framer.firstRecord(in: chunk.bytes, from: range.lowerBound - first)
            let line = framer.line - framer.lineCount(chunk.bytes.extracting(own..<chunk.count))
            start = first + own
            var rest = ByteBuffer(capacity: Self.chunkBytes)
            rest.append(chunk.bytes.extracting(own..<chunk.count))
            rest.append(pending.bytes)
            swap(&rest, &pending)
            framer.restart(at: line)
        }
        end = range.upperBound
    }

    /// Replaces what `chunk` holds by the next whole records; returns the line that they begin on, nil when
    /// there are no more.
    mutating func next(into chunk: inout ByteBuffer) throws(BatchFailure) -> Int? {
        chunk.clear()
        if let end, start >= end { return nil }
        while true {
            if !isAtEnd && pending.count < Self.chunkBytes { try fill() }
            let length: Int
            do throws(BatchError) {
                length = try framer.wholeRecords(pending.bytes, isAtEnd: isAtEnd)
            } catch {
                throw BatchFailure(error, in: name)
            }
            if length > 0 {
                give(length, &chunk)
                return framer.advance(lines: framer.lineCount(chunk.bytes))
            }
            if isAtEnd { return nil }
            try fill()
        }
    }

    /// Moves the first `length` pending bytes into `chunk`, or those of them that are the shard's.
    private mutating func give(_ length: Int, _ chunk: inout ByteBuffer) {
        var length = length
        if let end, start + length > end {
            length = framer.firstRecord(in: pending.bytes.extracting(0..<length), from: end - start)
        }
        swap(&chunk, &pending)
        pending.clear()
        pending.append(chunk.bytes.extracting(length..<chunk.count))
        chunk.truncate(to: length)
        start += length
    }

    /// Appends what there is to read, up to a chunk.
    private mutating func fill() throws(BatchFailure) {
        let wanted = max(Self.chunkBytes - pending.count, Self.chunkBytes / 4)
        guard isPacked else {
            let got = try Self.read(input, name, into: &pending, wanted)
            if got == 0 { isAtEnd = true }
            position += got
            return
        }
        let before = pending.count
        while pending.count == before, !isAtEnd {
            if unpacker.isEmpty {
                let got = try unpacker.fill(input, name)
                if got == 0 { isAtEnd = true }
                position += got
            }
            do throws(CompressionError) {
                try unpacker.unpack(into: &pending, room: wanted, isAtEnd: isAtEnd)
            } catch {
                throw .permanent("\(name): \(error)")
            }
        }
    }

    static func read(
        _ input: borrowing FileDescriptor, _ name: String, into buffer: inout ByteBuffer, _ wanted: Int
    ) throws(BatchFailure) -> Int {
        let number = input.number
        var got = 0
        var code: CInt = 0
        repeat {
            // Safe because the kernel writes at most as many bytes as are free.
            unsafe buffer.withFreeSpace(wanted) { start in
                got = unsafe Glibc.read(number, start, wanted)
                code = errno
                return max(got, 0)
            }
        } while got < 0 && code == EINTR
        if got < 0 { throw BatchFailure(SystemError("read", on: name, code: code)) }
        return got
    }
}

/// The bytes of a gzip file, unpacked as they are wanted.
private struct Unpacker: ~Copyable, Sendable {
    private var packed = ByteBuffer()
    private var position = 0
    /// Made when there is something to unpack.
    private var inflater: Inflater?
    /// What was packed and read may have more to give.
    private var hasMore = false

    var isEmpty: Bool { position == packed.count && !hasMore }

    mutating func fill(_ input: borrowing FileDescriptor, _ name: String) throws(BatchFailure) -> Int {
        packed.clear()
        position = 0
        return try BatchReader.read(input, name, into: &packed, 65_536)
    }

    mutating func unpack(into buffer: inout ByteBuffer, room: Int, isAtEnd: Bool) throws(CompressionError) {
        if inflater == nil {
            var limits = InflateLimits(outputBytesMax: .max)
            // A file of one's own, read in pieces, may grow as it likes.
            limits.outputBytesFree = .max
            inflater = try Inflater(.gzip, limits: limits)
        }
        if isAtEnd {
            try inflater?.finish()
            return
        }
        hasMore = try Self.unpack(packed, from: &position, with: &inflater, into: &buffer, room) == .hasMore
    }

    private static func unpack(
        _ packed: borrowing ByteBuffer, from position: inout Int, with inflater: inout Inflater?,
        into buffer: inout ByteBuffer, _ room: Int
    ) throws(CompressionError) -> Inflater.Progress? {
        try inflater?.next(packed.bytes, from: &position, into: &buffer, room: room)
    }
}
