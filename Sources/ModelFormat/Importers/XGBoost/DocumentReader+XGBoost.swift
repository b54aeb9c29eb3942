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
}
