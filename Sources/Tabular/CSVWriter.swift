// SPDX-License-Identifier: Apache-2.0
import Base

/// Writes CSV that `CSVParser` reads back unchanged: fields are quoted when they must be, lines end with LF.
package struct CSVWriter: ~Copyable {
    /// What was written and not yet taken; the caller drains and clears it.
    package var buffer = ByteBuffer(capacity: 4096)
    private let delimiter: UInt8
    private var isFirstField = true
    private var lineStart = 0

    package init(delimiter: UInt8 = UInt8(ascii: ",")) { self.delimiter = delimiter }

    /// Adds a field to the line.
    package mutating func write(_ field: String) {
        separate()
        let delimiter = delimiter
        let mustBeQuoted = field.utf8.contains { $0 == delimiter || $0 == UInt8(ascii: "\"") || $0 < 0x20 }
        guard mustBeQuoted else {
            buffer.append(field)
            return
        }
        buffer.append(UInt8(ascii: "\""))
        for byte in field.utf8 {
            if byte == UInt8(ascii: "\"") { buffer.append(byte) }
            buffer.append(byte)
        }
        buffer.append(UInt8(ascii: "\""))
    }

    /// Adds a number in its shortest form that reads back the same; NaN is written as missing.
    package mutating func write(_ number: Double) {
        separate()
        if !number.isNaN { buffer.append(number.description) }
    }

    /// Ends the line. A line of one empty field is written as `""`, so that it is not an empty line.
    package mutating func endLine() {
        if !isFirstField && buffer.count == lineStart { buffer.append("\"\"" as StaticString) }
        buffer.append(UInt8(ascii: "\n"))
        isFirstField = true
    }

    private mutating func separate() {
        if isFirstField { lineStart = buffer.count } else { buffer.append(delimiter) }
        isFirstField = false
    }
}
