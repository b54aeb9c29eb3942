// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

// Buffers of objects are lent as a whole: a span of one cannot outlive a call that throws.

extension BatchFramer {
    /// The header in front of `buffer`.
    func header(
        in buffer: borrowing ByteBuffer, isAtEnd: Bool
    ) throws(BatchError) -> (names: [String]?, length: Int)? {
        try header(in: buffer.bytes, isAtEnd: isAtEnd)
    }

    /// How many bytes of `buffer` are whole records.
    func wholeRecords(in buffer: borrowing ByteBuffer, isAtEnd: Bool) throws(BatchError) -> Int {
        try wholeRecords(buffer.bytes, isAtEnd: isAtEnd)
    }

    /// How many lines, or records of bare numbers, end in the first `length` bytes of `buffer`.
    func lineCount(in buffer: borrowing ByteBuffer, length: Int) -> Int {
        lineCount(in: buffer, 0..<length)
    }

    /// How many end in the bytes `range` of `buffer`.
    func lineCount(in buffer: borrowing ByteBuffer, _ range: Range<Int>) -> Int {
        lineCount(buffer.bytes.extracting(range))
    }

    /// How many of the bytes `range` of `buffer` are whole records.
    func wholeRecords(in buffer: borrowing ByteBuffer, _ range: Range<Int>) throws(BatchError) -> Int {
        try wholeRecords(buffer.bytes.extracting(range), isAtEnd: false)
    }
}

extension BatchWorker {
    /// Answers the next block of the first `length` bytes of `buffer`.
    mutating func answer(
        _ buffer: borrowing ByteBuffer, length: Int, from offset: inout Int, line: inout Int,
        into output: inout ByteBuffer
    ) throws(BatchError) -> BatchCounts {
        try answer(buffer.bytes.extracting(0..<length), from: &offset, line: &line, into: &output)
    }
}

extension BatchOptions.Format {
    /// Of answers in this format.
    var contentType: ContentType {
        switch self {
        case .csv: ContentType("text/csv; charset=utf-8")
        case .jsonLines, .vertex: ContentType("application/jsonlines")
        case .fp32, .fp64: .octetStream
        }
    }
}

extension ByteBuffer {
    /// What it holds, in memory of its own.
    borrowing func copy() -> [UInt8] { Array(copying: bytes) }
}
