// SPDX-License-Identifier: Apache-2.0
import Base

/// Reads records of bare numbers: all features of a record in the model's order, little-endian, nothing
/// between them and nothing between records. NaN is a missing value.
///
/// "Lines" of such a file are its records.
package struct BinaryRecords: Sendable {
    /// What the numbers are in the file.
    private let elementType: NumberType
    private let columnCount: Int
    private let inputType: NumberType

    /// - Parameters:
    ///   - elementType: of the file's numbers.
    ///   - columnCount: at least 1.
    ///   - inputType: what the model reads.
    package init(_ elementType: NumberType, columnCount: Int, inputType: NumberType) {
        self.elementType = elementType
        self.columnCount = columnCount
        self.inputType = inputType
    }

    /// Bytes of one record.
    package static func recordBytes(_ elementType: NumberType, columnCount: Int) -> Int {
        max(columnCount, 1) * (elementType == .float32 ? 4 : 8)
    }

    /// Reads records of `chunk` into `block`; returns where the next one begins. A last one that is cut off
    /// is a bad record.
    ///
    /// - Parameters:
    ///   - start: where a record begins.
    ///   - firstLine: the number of that record, from 1.
    ///   - recordLimit: how many records at most.
    package func read(
        _ chunk: Span<UInt8>, from start: Int, firstLine: Int, recordLimit: Int = .max,
        into block: inout RecordBlock
    ) -> Int {
        block.reset(columnCount: columnCount, numberType: inputType)
        let recordBytes = Self.recordBytes(elementType, columnCount: columnCount)
        let count = min(recordLimit, (chunk.count - start) / recordBytes)
        block.rows.appendRows(count)
        block.lineCount = count
        for record in 0..<count {
            let place = start + record * recordBytes
            guard let column = read(chunk, at: place, record, into: &block.rows) else { continue }
            let error = RecordError(
                line: firstLine + record, column: column + 1, code: "wrong_value",
                reason: "the number does not fit FP32")
            block.errors.append(.init(record: record, error: error))
        }
        let end = start + count * recordBytes
        guard count < recordLimit, end < chunk.count else { return end }
        block.rows.appendRows(1)
        block.lineCount += 1
        let error = RecordError(
            line: firstLine + count, code: "ragged_record",
            reason: "\(chunk.count - end) bytes where a record has \(recordBytes)")
        block.errors.append(.init(record: count, error: error))
        return chunk.count
    }

    /// Stores one record; returns the first column whose number does not fit, if any.
    private func read(
        _ chunk: Span<UInt8>, at place: Int, _ record: Int, into rows: inout RowBlock
    ) -> Int? {
        // Safe because the view is only read below, within the record's bytes.
        let bytes = unsafe chunk.bytes
        var misfit: Int?
        switch (elementType, inputType) {
        case (.float32, .float32):
            var values = rows.mutableFloat32
            for column in 0..<columnCount {
                values[record * columnCount + column] = Float(
                    bitPattern: Self.word32(bytes, at: place + column * 4))
            }
        case (.float32, .float64):
            var values = rows.mutableFloat64
            for column in 0..<columnCount {
                values[record * columnCount + column] = Double(
                    Float(bitPattern: Self.word32(bytes, at: place + column * 4)))
            }
        case (.float64, .float64):
            var values = rows.mutableFloat64
            for column in 0..<columnCount {
                values[record * columnCount + column] = Double(
                    bitPattern: Self.word64(bytes, at: place + column * 8))
            }
        case (.float64, .float32):
            var values = rows.mutableFloat32
            for column in 0..<columnCount {
                let wide = Double(bitPattern: Self.word64(bytes, at: place + column * 8))
                let value = Float(wide)
                if value.isInfinite, wide.isFinite, misfit == nil { misfit = column }
                values[record * columnCount + column] = value
            }
        }
        return misfit
    }

    private static func word32(_ bytes: RawSpan, at offset: Int) -> UInt32 {
        // Safe because the caller has counted whole records, and any four bytes are a number.
        UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private static func word64(_ bytes: RawSpan, at offset: Int) -> UInt64 {
        // Safe because the caller has counted whole records, and any eight bytes are a number.
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
