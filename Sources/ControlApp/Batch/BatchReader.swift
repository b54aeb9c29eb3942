// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Serving
import Tabular

/// The chunks of the input, one after the other, each of whole records.
///
/// State: whoever calls it holds the run's lock.
struct BatchReader: ~Copyable {
    /// For messages.
    let name: String
    /// Of a regular file; nil for a pipe.
    let size: Int?
    private let input: FileDescriptor
    private var framer: BatchFramer
    private var pending = ByteBuffer(capacity: BatchReader.chunkBytes)
    private(set) var isAtEnd = false
    /// Bytes read so far.
    private(set) var position = 0
    /// Where the chunk that is given out next begins.
    private var start = 0
    /// Records that begin here or later are another shard's.
    private var end: Int?

    static let chunkBytes = 1 << 18

    init(_ path: String, _ options: BatchOptions) throws(BatchFailure) {
        name = path == "-" ? "standard input" : path
        let opened = try Self.open(path, name)
        size = try Self.size(of: opened, name)
        input = opened
        framer = BatchFramer(options)
    }

    private static func open(_ path: String, _ name: String) throws(BatchFailure) -> FileDescriptor {
        // Safe because the path is passed as a C string that lives for the call.
        let number = path == "-" ? dup(STDIN_FILENO) : unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        if number < 0 { throw BatchFailure(SystemError("open", on: name)) }
        return FileDescriptor(owning: number)
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
                let lines = CSVFraming.lineCount(pending.bytes.extracting(0..<found.length))
                framer.advance(lines: lines)
                pending.removeFirst(found.length)
                return found.names
            }
            try fill()
        }
    }

    /// Goes to the shard's first record; only its records are read from here on.
    mutating func limit(to shard: BatchShard, options: BatchOptions) throws(BatchFailure) {
        guard let size else {
            throw .permanent("\(name): a shard is a part of a file; a pipe cannot be cut into shards")
        }
        let range = shard.bytes(of: size)
        var chunk = ByteBuffer(capacity: Self.chunkBytes)
        // Everything before is looked through: only so is it known what is a record and what a quoted line.
        while start < range.lowerBound {
            let first = start
            guard try next(into: &chunk) != nil else { break }
            guard start > range.lowerBound else { continue }
            let own = firstRecord(chunk.bytes, from: range.lowerBound - first, options)
            let line = framer.line - CSVFraming.lineCount(chunk.bytes.extracting(own..<chunk.count))
            start = first + own
            var rest = ByteBuffer(capacity: Self.chunkBytes)
            rest.append(chunk.bytes.extracting(own..<chunk.count))
            rest.append(pending.bytes)
            swap(&rest, &pending)
            framer.restart(at: line)
        }
        end = range.upperBound
    }

    /// The first record of `chunk` that begins at `offset` or later.
    private func firstRecord(_ chunk: Span<UInt8>, from offset: Int, _ options: BatchOptions) -> Int {
        var position = 0
        while position < offset {
            let next =
                switch options.input {
                case .csv: CSVFraming.recordEnd(chunk, from: position, separator: options.csv.delimiter)
                case .jsonLines: CSVFraming.lineEnd(chunk, from: position)
                }
            position = next ?? chunk.count
        }
        return position
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
                return framer.advance(lines: CSVFraming.lineCount(chunk.bytes))
            }
            if isAtEnd { return nil }
            try fill()
        }
    }

    /// Moves the first `length` pending bytes into `chunk`, or those of them that are the shard's.
    private mutating func give(_ length: Int, _ chunk: inout ByteBuffer) {
        var length = length
        if let end, start + length > end {
            length = firstRecord(pending.bytes.extracting(0..<length), from: end - start, framer.options)
        }
        swap(&chunk, &pending)
        pending.clear()
        pending.append(chunk.bytes.extracting(length..<chunk.count))
        chunk.truncate(to: length)
        start += length
    }

    /// Appends what there is to read, up to a chunk.
    private mutating func fill() throws(BatchFailure) {
        let number = input.number
        let wanted = max(Self.chunkBytes - pending.count, Self.chunkBytes / 4)
        var got = 0
        var code: CInt = 0
        repeat {
            // Safe because the kernel writes at most as many bytes as are free.
            unsafe pending.withFreeSpace(wanted) { start in
                got = unsafe Glibc.read(number, start, wanted)
                code = errno
                return max(got, 0)
            }
        } while got < 0 && code == EINTR
        if got < 0 { throw BatchFailure(SystemError("read", on: name, code: code)) }
        if got == 0 { isAtEnd = true }
        position += got
    }
}
