// SPDX-License-Identifier: Apache-2.0
import Base

/// A row that was left out, and why.
package struct BadRow: Sendable, Equatable {
    package var path: String
    /// Of the file, from 1; the header of CSV is line 1.
    package var line: Int
    package var column: String?
    /// A stable name for programs.
    package var code: String
    package var reason: String
    /// The row as it was read, as far as it was.
    package var cells: [String]

    /// One object on a line, as the quarantine file has it.
    package func json() -> String {
        var buffer = ByteBuffer()
        buffer.append("{\"file\":" as StaticString)
        buffer.append(quoted: path)
        buffer.append(",\"line\":" as StaticString)
        buffer.append(decimal: Int64(line))
        if let column {
            buffer.append(",\"column\":" as StaticString)
            buffer.append(quoted: column)
        }
        buffer.append(",\"code\":" as StaticString)
        buffer.append(quoted: code)
        buffer.append(",\"reason\":" as StaticString)
        buffer.append(quoted: reason)
        buffer.append(",\"cells\":[" as StaticString)
        for (index, cell) in cells.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: ",")) }
            buffer.append(quoted: cell)
        }
        buffer.append("]}\n" as StaticString)
        return String(copying: buffer.bytes)
    }
}
