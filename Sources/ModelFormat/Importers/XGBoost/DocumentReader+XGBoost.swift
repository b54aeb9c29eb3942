// SPDX-License-Identifier: Apache-2.0
import Base

/// XGBoost's ways to write numbers: parameters as strings, floats in their shortest Float32 form.
extension DocumentReader {
    /// A non-negative integer in a string.
    mutating func readCount(of name: String) throws(FormatError) -> Int {
        let text = try readString()
        let isPlain = !text.isEmpty && text.utf8.count <= 10 && text.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
        guard isPlain, let count = Int(text) else {
            throw .invalidValue(part: name, reason: "\"\(text)\" is no count")
        }
        return count
    }

    /// An array of node or feature numbers.
    mutating func readIndices(into indices: inout [Int32], part: String, name: String) throws(FormatError) {
        try beginArray()
        while try nextElement() {
            guard let index = Int32(exactly: try readInt64()) else {
                throw .invalidValue(
                    part: "\(part).\(name)[\(indices.count)]", reason: "it is no 32-bit integer")
            }
            indices.append(index)
        }
    }

    /// A number, correctly rounded to Float32.
    ///
    /// Rounding by way of Float64 is wrong only when the Float64 falls exactly between two Float32, about
    /// once in 2^29 numbers; then the text decides.
    mutating func readFloat() throws(FormatError) -> Float {
        let start = position
        let number = try readDouble()
        let rounded = Float(number)
        let isTie = number.bitPattern & 0x1FFF_FFFF == 0x1000_0000
        if !isTie && (rounded.isNormal || rounded == 0 || !number.isFinite) { return rounded }
        return Float(text(from: start)) ?? rounded
    }
}
