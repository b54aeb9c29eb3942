// SPDX-License-Identifier: Apache-2.0

// Binary tensors: a request of 1,000 rows is 100 KB of numbers, which are copied where they are of the
// block's type and converted a type at a time where they are not.
extension RowBlock {
    /// Fills columns of the first `rows` rows with little-endian numbers that lie row by row in `bytes`; each
    /// is narrowed to the block's type as `set` does. The bytes are exactly those of the cells.
    package mutating func fill(
        _ columns: Range<Int>, rows: Int, from bytes: Span<UInt8>, _ datatype: Datatype
    ) {
        guard let width = datatype.byteWidth else { preconditionFailure("texts are no numbers") }
        precondition(
            columns.lowerBound >= 0 && columns.upperBound <= columnCount && rows >= 0 && rows <= rowCount
                && bytes.count == rows * columns.count * width, "other bytes than those of the cells")
        switch (datatype, numberType) {
        case (.float32, .float32):
            copy(columns, rows, from: bytes, UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
        case (.float32, .float64):
            copy(columns, rows, from: bytes, UInt32.self) {
                Double(Float(bitPattern: UInt32(littleEndian: $0)))
            }
        case (.float64, .float32):
            copy(columns, rows, from: bytes, UInt64.self) {
                Float(Double(bitPattern: UInt64(littleEndian: $0)))
            }
        case (.float64, .float64):
            copy(columns, rows, from: bytes, UInt64.self) { Double(bitPattern: UInt64(littleEndian: $0)) }
        case (.int64, .float32):
            copy(columns, rows, from: bytes, Int64.self) { Float(Double(Int64(littleEndian: $0))) }
        case (.int64, .float64):
            copy(columns, rows, from: bytes, Int64.self) { Double(Int64(littleEndian: $0)) }
        case (.int32, .float32):
            copy(columns, rows, from: bytes, Int32.self) { Float(Double(Int32(littleEndian: $0))) }
        case (.int32, .float64):
            copy(columns, rows, from: bytes, Int32.self) { Double(Int32(littleEndian: $0)) }
        default: fillSlowly(columns, rows, from: bytes, datatype, width: width)
        }
    }

    @inline(__always)
    private mutating func copy<Number: BitwiseCopyable, Cell: BitwiseCopyable>(
        _ columns: Range<Int>, _ rows: Int, from bytes: Span<UInt8>, _ type: Number.Type,
        _ convert: (Number) -> Cell
    ) {
        // Safe because the caller has compared the bytes' number with the cells', the cells are initialised
        // and of type `Cell`, and every bit pattern is a `Number`.
        let raw = unsafe bytes.bytes
        let cells = unsafe cells(of: Cell.self)
        let width = columns.count
        if width == columnCount {
            for index in 0..<rows &* width {
                unsafe cells[index] = convert(
                    raw.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: index &* MemoryLayout<Number>.size, as: Number.self))
            }
            return
        }
        var offset = 0
        for row in 0..<rows {
            let start = row &* columnCount &+ columns.lowerBound
            for column in 0..<width {
                // Safe as above: the column lies in the row.
                unsafe cells[start &+ column] = convert(
                    raw.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Number.self))
                offset &+= MemoryLayout<Number>.size
            }
        }
    }

    private mutating func fillSlowly(
        _ columns: Range<Int>, _ rows: Int, from bytes: Span<UInt8>, _ datatype: Datatype, width: Int
    ) {
        var offset = 0
        for row in 0..<rows {
            for column in columns {
                var bits: UInt64 = 0
                for position in 0..<width { bits |= UInt64(bytes[offset + position]) << UInt64(8 * position) }
                set(datatype.number(bits: bits), row: row, column: column)
                offset += width
            }
        }
    }
}
