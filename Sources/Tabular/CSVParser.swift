// SPDX-License-Identifier: Apache-2.0
import Base

/// Takes a CSV file apart, record by record, from chunks of any size (RFC 4180; the exact rules are in
/// `docs/reference/csv.md`). Holds one record at a time; it decides and never reads.
///
///     while try parser.parse(chunk, from: &offset) { use(parser.field(0)) }
///     if try parser.finish() { use(parser.field(0)) }
package struct CSVParser: ~Copyable {
    private enum State {
        case recordStart, fieldStart, unquoted, quoted, quoteInQuoted, carriageReturn
    }

    private let delimiter: UInt8
    private let limits: CSVOptions.Limits
    private var state = State.recordStart
    /// The fields of the record at hand, one after the other, quotes removed.
    private var content = ByteBuffer(capacity: 4096)
    private var ends: [Int] = []
    private var line = 1
    private var quoteLine = 1
    private var byteOrderMark = 0
    private var mayStartWithMark: Bool
    /// A record was handed out: the next call starts a new one.
    private var isComplete = false

    /// The line on which the record at hand starts, from 1.
    package private(set) var recordLine = 1

    /// - Parameter startsFile: a byte order mark in front is skipped.
    package init(_ options: CSVOptions = CSVOptions(), startsFile: Bool = true) {
        delimiter = options.delimiter
        limits = options.limits
        mayStartWithMark = startsFile
    }

    /// Fields of the record at hand; an empty line has one empty field.
    package var fieldCount: Int { ends.count }

    /// The bytes of a field of the record at hand.
    @_lifetime(borrow self)
    package func field(_ index: Int) -> Span<UInt8> {
        let start = index == 0 ? 0 : ends[index - 1]
        return content.bytes.extracting(start..<ends[index])
    }

    /// True when the record at hand is a line with nothing on it.
    package var isEmptyLine: Bool { ends.count == 1 && ends[0] == 0 && !wasQuoted }
    private var wasQuoted = false

    /// The next byte begins a record.
    package var isAtRecordStart: Bool { state == .recordStart && !mayStartWithMark }

    /// The caller has read the next record itself, which was one line.
    package mutating func countLine() {
        if isComplete { startRecord() }
        recordLine = line
        line += 1
        isComplete = true
    }

    /// Reads on in `chunk` from `offset`; true when a record is complete, false when the chunk is used up.
    package mutating func parse(_ chunk: Span<UInt8>, from offset: inout Int) throws(CSVError) -> Bool {
        if isComplete { startRecord() }
        if mayStartWithMark { skipByteOrderMark(chunk, &offset) }
        while offset < chunk.count {
            switch state {
            case .unquoted, .quoted: try takeRun(chunk, &offset)
            case .recordStart, .fieldStart, .quoteInQuoted, .carriageReturn: break
            }
            guard offset < chunk.count else { return false }
            let byte = chunk[offset]
            offset += 1
            if try take(byte) { return true }
        }
        return false
    }

    /// The input has ended; true when that completes a last record without a line end.
    package mutating func finish() throws(CSVError) -> Bool {
        if isComplete { startRecord() }
        switch state {
        case .recordStart: return false
        case .quoted:
            throw CSVError(line: quoteLine, column: ends.count + 1, reason: .quoteNotClosed)
        case .carriageReturn: throw error(.bareCarriageReturn)
        case .fieldStart, .unquoted, .quoteInQuoted:
            try endField()
            endRecord()
            return true
        }
    }

    /// Consumes one byte that decides something; true when it ends the record.
    private mutating func take(_ byte: UInt8) throws(CSVError) -> Bool {
        if state == .carriageReturn {
            guard byte == UInt8(ascii: "\n") else { throw error(.bareCarriageReturn) }
            return try endLine()
        }
        if state == .quoted { return try takeInQuotes(byte) }
        switch byte {
        case delimiter:
            try endField()
            state = .fieldStart
        case UInt8(ascii: "\n"): return try endLine()
        case UInt8(ascii: "\r"): state = .carriageReturn
        case UInt8(ascii: "\""):
            switch state {
            case .recordStart, .fieldStart:
                state = .quoted
                quoteLine = line
                wasQuoted = true
            case .quoteInQuoted:
                try append(byte)
                state = .quoted
            case .unquoted, .quoted, .carriageReturn: throw error(.quoteInsideField)
            }
        case 0: throw error(.notText)
        default:
            guard state != .quoteInQuoted else { throw error(.textAfterQuote) }
            try append(byte)
            state = .unquoted
        }
        return false
    }

    private mutating func takeInQuotes(_ byte: UInt8) throws(CSVError) -> Bool {
        switch byte {
        case UInt8(ascii: "\""): state = .quoteInQuoted
        case 0: throw error(.notText)
        default:
            if byte == UInt8(ascii: "\n") { line += 1 }
            try append(byte)
        }
        return false
    }

    /// Copies the bytes up to the next one that means something, in one go.
    private mutating func takeRun(_ chunk: Span<UInt8>, _ offset: inout Int) throws(CSVError) {
        let start = offset
        var end = start
        if state == .quoted {
            while end < chunk.count {
                let byte = chunk[end]
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n") || byte == 0 { break }
                end += 1
            }
        } else {
            while end < chunk.count {
                let byte = chunk[end]
                if byte == delimiter || byte == UInt8(ascii: "\"") || byte < 0x0E && byte != 0x09 { break }
                end += 1
            }
        }
        guard end > start else { return }
        try checkRoom(end - start)
        content.append(chunk.extracting(start..<end))
        offset = end
    }

    private mutating func append(_ byte: UInt8) throws(CSVError) {
        try checkRoom(1)
        content.append(byte)
    }

    private func checkRoom(_ extra: Int) throws(CSVError) {
        let fieldStart = ends.last ?? 0
        if content.count - fieldStart + extra > limits.fieldBytesMax {
            throw error(.fieldTooLong(limit: limits.fieldBytesMax))
        }
        if content.count + extra > limits.recordBytesMax {
            throw error(.recordTooLong(limit: limits.recordBytesMax))
        }
    }

    private mutating func endField() throws(CSVError) {
        guard ends.count < limits.columnCountMax else {
            throw error(.tooManyColumns(limit: limits.columnCountMax))
        }
        ends.append(content.count)
    }

    private mutating func endLine() throws(CSVError) -> Bool {
        try endField()
        line += 1
        endRecord()
        return true
    }

    private mutating func endRecord() {
        state = .recordStart
        isComplete = true
    }

    private mutating func startRecord() {
        content.clear()
        ends.removeAll(keepingCapacity: true)
        recordLine = line
        isComplete = false
        wasQuoted = false
    }

    /// A mark at the very start of the file is skipped, also when it arrives in pieces.
    private mutating func skipByteOrderMark(_ chunk: Span<UInt8>, _ offset: inout Int) {
        while offset < chunk.count {
            let expected: UInt8 = byteOrderMark == 0 ? 0xEF : byteOrderMark == 1 ? 0xBB : 0xBF
            guard chunk[offset] == expected else { break }
            byteOrderMark += 1
            offset += 1
            if byteOrderMark == 3 {
                mayStartWithMark = false
                return
            }
        }
        guard offset < chunk.count else { return }
        // Not a mark after all: what was held back belongs to the first field.
        if byteOrderMark > 0 { content.append(0xEF) }
        if byteOrderMark > 1 { content.append(0xBB) }
        if byteOrderMark > 0 { state = .unquoted }
        mayStartWithMark = false
    }

    private func error(_ reason: CSVError.Reason) -> CSVError {
        CSVError(line: line, column: ends.count + 1, reason: reason)
    }
}
