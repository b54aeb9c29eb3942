// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Reads single JSON values into cells of a row block, by the number rules of the protocols' pages.
struct JSONCells {
    let index: SchemaIndex
    /// The element type that the request declares; nil where the dialect declares none.
    let datatype: Datatype?

    /// A text may come as `{"b64": "…"}`.
    private let takesBase64: Bool

    /// The values are read as floating-point numbers, as nearly all requests send them.
    private let isPlainFloat: Bool

    init(index: SchemaIndex, datatype: Datatype?, takesBase64: Bool = false) {
        self.index = index
        self.datatype = datatype
        self.takesBase64 = takesBase64
        isPlainFloat = datatype == nil || datatype == .float64 || datatype == .float32
    }

    /// Reads the next elements of an array into the block's cells of the numbers `range`, row-major, for as
    /// long as they are plain numbers; returns how many were read. What it stops at is left to `read`.
    @inline(__always)
    func readRun(from reader: inout JSONReader, into rows: inout RowBlock, at range: Range<Int>) -> Int {
        guard isPlainFloat else { return 0 }
        switch rows.numberType {
        case .float32:
            var values = rows.mutableFloat32
            return reader.readNumbers(into: &values, at: range)
        case .float64:
            var values = rows.mutableFloat64
            return reader.readNumbers(into: &values, at: range, roundsToFloat32: datatype == .float32)
        }
    }

    /// Reads the next value into `rows[row, column]`; `null` leaves the cell missing.
    ///
    /// - Throws: `JSONError` for text that is not JSON, `wrongValue` for a value of another type.
    @inline(__always)
    func read(
        from reader: inout JSONReader, into rows: inout RowBlock, row: Int, column: Int, isCategorical: Bool
    ) throws {
        let token = try reader.peek()
        if token == .number && !isCategorical && isPlainFloat {
            let value = try reader.readDouble()
            // The client's FP32 tensor held Float32: narrowing here gives back the number that it meant.
            let meant = datatype == .float32 ? Double(Float(value)) : value
            guard meant.isFinite || !value.isFinite else { throw tooLarge(value, row, column) }
            rows.set(meant, row: row, column: column)
        } else {
            try readOther(
                token, from: &reader, into: &rows, row: row, column: column, isCategorical: isCategorical)
        }
    }

    private func readOther(
        _ token: JSONToken, from reader: inout JSONReader, into rows: inout RowBlock, row: Int, column: Int,
        isCategorical: Bool
    ) throws {
        switch token {
        case .null:
            try reader.readNull()
        case .string where isCategorical:
            guard index.store(try reader.readString(), into: &rows, row: row, column: column) else {
                throw wrongValue(row, column, SchemaIndex.dateExpected)
            }
        case .object where isCategorical && takesBase64:
            guard let text = try EncodedText.read(from: &reader) else {
                throw wrongValue(row, column, EncodedText.expected)
            }
            guard index.store(text, into: &rows, row: row, column: column) else {
                throw wrongValue(row, column, SchemaIndex.dateExpected)
            }
        case .number where isCategorical && index.acceptsNumbers(column: column):
            let code = index.categoryCode(try reader.readDouble(), column: column)
            rows.set(code, row: row, column: column)
        case .bool where isCategorical && index.acceptsNumbers(column: column):
            guard index.store(try reader.readBool() ? "true" : "false", into: &rows, row: row, column: column)
            else { throw wrongValue(row, column, SchemaIndex.dateExpected) }
        case .number where !isCategorical:
            rows.set(try readNumber(from: &reader, row: row, column: column), row: row, column: column)
        case .bool where !isCategorical && (datatype == nil || datatype == .bool):
            rows.set(try reader.readBool() ? 1 : 0, row: row, column: column)
        case .end:
            // What has to come does not: the reader says why.
            try reader.skipValue()
        default:
            let expected =
                switch index.schema.features[column].kind {
                case .numeric: "a number"
                case .categorical: "a category name (a string)"
                case .date: "a date (a string)"
                case .text: "a text (a string)"
                }
            throw wrongValue(row, column, "expected \(expected) or null, got \(token.name)")
        }
    }

    /// Reads a number of a type that is no floating-point one.
    private func readNumber(from reader: inout JSONReader, row: Int, column: Int) throws -> Double {
        switch datatype {
        case .uint64:
            do {
                return Double(try reader.readUInt64())
            } catch {
                throw notWhole(error, row, column)
            }
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32:
            let value: Int64
            do {
                value = try reader.readInt64()
            } catch {
                throw notWhole(error, row, column)
            }
            guard datatype?.holds(value) == true else {
                throw wrongValue(row, column, "\(value) does not fit \(datatype?.rawValue ?? "")")
            }
            return Double(value)
        case .bool:
            throw wrongValue(row, column, "expected true or false, got a number")
        case nil, .float16, .bfloat16, .float64, .float32, .bytes:
            throw wrongValue(row, column, "expected a string, got a number")
        }
    }

    /// A number that is no whole one, or larger than any.
    private func notWhole(_ error: JSONError, _ row: Int, _ column: Int) -> any Error {
        guard error.reason == .notAWholeNumber else { return error }
        return wrongValue(row, column, "expected a whole number that fits \(datatype?.rawValue ?? "")")
    }

    private func tooLarge(_ value: Double, _ row: Int, _ column: Int) -> PredictError {
        wrongValue(row, column, "\(value) does not fit FP32")
    }

    private func wrongValue(_ row: Int, _ column: Int, _ reason: String) -> PredictError {
        .wrongValue(input: index.schema.features[column].name, row: row, reason: reason)
    }
}

extension Datatype {
    /// Whether `value` is in the range of a whole-number type of at most 64 signed or 32 unsigned bits.
    func holds(_ value: Int64) -> Bool {
        switch self {
        case .int8: Int8(exactly: value) != nil
        case .int16: Int16(exactly: value) != nil
        case .int32: Int32(exactly: value) != nil
        case .int64: true
        case .uint8: UInt8(exactly: value) != nil
        case .uint16: UInt16(exactly: value) != nil
        case .uint32: UInt32(exactly: value) != nil
        case .uint64: value >= 0
        case .bool, .float16, .bfloat16, .float32, .float64, .bytes: false
        }
    }
}
