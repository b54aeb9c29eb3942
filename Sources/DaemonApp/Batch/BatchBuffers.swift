// SPDX-License-Identifier: Apache-2.0
internal import Base
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

    /// How many of the first `length` bytes of `buffer` are whole records.
    func wholeRecords(in buffer: borrowing ByteBuffer, length: Int) throws(BatchError) -> Int {
        try wholeRecords(buffer.bytes.extracting(0..<length), isAtEnd: false)
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

/// Lines that end in the first `length` bytes of `buffer`.
func lineCount(of buffer: borrowing ByteBuffer, length: Int) -> Int {
    CSVFraming.lineCount(buffer.bytes.extracting(0..<length))
}
