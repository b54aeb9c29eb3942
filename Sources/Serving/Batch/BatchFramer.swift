// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Tabular

/// Cuts a stream of bytes into chunks of whole records, and knows on which line each begins.
///
/// It decides and never reads: the caller fills a buffer and asks how much of it is whole.
package struct BatchFramer: Sendable {
    package let options: BatchOptions
    /// The line that the next chunk begins on, from 1.
    package private(set) var line = 1

    /// Bytes of a record where all are of one length.
    private let recordBytes: Int?

    package init(_ options: BatchOptions, for model: BatchModel) {
        self.options = options
        recordBytes = options.input.numberType.map {
            BinaryRecords.recordBytes($0, columnCount: model.index.schema.count)
        }
    }

    /// The header of a CSV file in front of `bytes`; nil when more bytes are needed.
    ///
    /// - Returns: the names, nil when the file has none, and the bytes that it takes.
    package func header(
        in bytes: Span<UInt8>, isAtEnd: Bool
    ) throws(BatchError) -> (names: [String]?, length: Int)? {
        if options.input.isBinary { return (nil, 0) }
        guard isAtEnd || bytes.count >= 3 else { return nil }
        let start =
            bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
        guard options.input == .csv, options.hasHeader else { return (nil, start) }
        let found = CSVFraming.recordEnd(bytes, from: start, separator: options.csv.delimiter)
        guard let end = found ?? (isAtEnd ? bytes.count : nil) else {
            if bytes.count > options.csv.limits.recordBytesMax { throw tooLong }
            return nil
        }
        do throws(CSVError) {
            guard end > start else { throw CSVError(line: 1, reason: .noHeader) }
            var parser = CSVParser(options.csv, startsFile: false)
            var offset = 0
            let record = bytes.extracting(start..<end)
            if try !parser.parse(record, from: &offset) { _ = try parser.finish() }
            let names = try CSVHeader(parser).names
            return (names, end)
        } catch {
            throw .header(error)
        }
    }

    /// How many of `bytes`, which begin with a record, are whole records; all at the end of the input.
    ///
    /// - Throws: `recordTooLong` for one that never ends.
    package func wholeRecords(_ bytes: Span<UInt8>, isAtEnd: Bool) throws(BatchError) -> Int {
        if isAtEnd { return bytes.count }
        let end =
            switch options.input {
            case .csv: CSVFraming.lastRecordEnd(bytes, separator: options.csv.delimiter)
            case .jsonLines, .vertex: CSVFraming.lastLineEnd(bytes)
            case .fp32, .fp64: bytes.count - bytes.count % (recordBytes ?? 1)
            }
        if bytes.count - end > options.csv.limits.recordBytesMax { throw tooLong }
        return end
    }

    /// How many lines end in `bytes`; of bare numbers, how many records.
    package func lineCount(_ bytes: Span<UInt8>) -> Int {
        if let recordBytes { return bytes.count / recordBytes }
        return CSVFraming.lineCount(bytes)
    }

    /// Where the first record begins that begins at `offset` or later; the end when there is none.
    ///
    /// - Parameter bytes: whole records.
    package func firstRecord(in bytes: Span<UInt8>, from offset: Int) -> Int {
        if let recordBytes { return min(bytes.count, (offset + recordBytes - 1) / recordBytes * recordBytes) }
        var position = 0
        while position < offset {
            let next =
                options.input == .csv
                ? CSVFraming.recordEnd(bytes, from: position, separator: options.csv.delimiter)
                : CSVFraming.lineEnd(bytes, from: position)
            position = next ?? bytes.count
        }
        return position
    }

    /// Goes on behind so many lines; returns the line that they began on.
    @discardableResult
    package mutating func advance(lines: Int) -> Int {
        defer { line += lines }
        return line
    }

    /// What comes next begins on `line`: the caller went back to a record's start.
    package mutating func restart(at line: Int) { self.line = line }

    private var tooLong: BatchError {
        .recordTooLong(line: line, limit: options.csv.limits.recordBytesMax)
    }
}
