// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving

/// Finds the ranges of a job in its records: stretches of about the same size that end where records end.
///
/// It decides and never reads: the caller hands it the input in pieces, each from where the one before ended.
/// The same input in the same pieces has the same ranges.
struct JobCutter {
    private var framer: BatchFramer
    private let rangeBytes: Int
    private(set) var ranges: [JobDescription.Range] = []
    /// Of the input: what is in front of it is cut.
    private(set) var position: Int

    /// - Parameters:
    ///   - framer: stands at the first record's line.
    ///   - position: where in the input that record begins.
    init(_ framer: BatchFramer, at position: Int, rangeBytes: Int) {
        self.framer = framer
        self.position = position
        self.rangeBytes = rangeBytes
    }

    /// Adds the whole records that `pending` begins with to the ranges; returns how many bytes they are.
    mutating func cut(_ pending: borrowing ByteBuffer, isAtEnd: Bool) throws(BatchError) -> Int {
        let whole = try framer.wholeRecords(in: pending, isAtEnd: isAtEnd)
        var done = 0
        while done < whole {
            var length = whole - done
            if length > rangeBytes {
                let shorter = try framer.wholeRecords(in: pending, done..<done + rangeBytes)
                if shorter > 0 { length = shorter }
            }
            if let last = ranges.indices.last, ranges[last].end - ranges[last].start < rangeBytes / 2 {
                ranges[last].end = position + length
            } else {
                ranges.append(.init(start: position, end: position + length, line: framer.line))
            }
            framer.advance(lines: framer.lineCount(in: pending, done..<done + length))
            position += length
            done += length
        }
        return whole
    }
}
