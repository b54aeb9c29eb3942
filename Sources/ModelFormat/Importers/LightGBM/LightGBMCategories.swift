// SPDX-License-Identifier: Apache-2.0
import Base

/// The names of categories that LightGBM's Python package writes behind a model: one list a categorical
/// column of the data frame, in the order of the columns. A category's code is its place in the list.
enum LightGBMCategories {
    /// The lists in `text`, JSON; none for `null`.
    static func read(_ text: Span<UInt8>) throws(FormatError) -> [[String]] {
        let part = "pandas_categorical"
        var document = DocumentReader(text, part: part, options: .allowsNonFinite)
        if try document.peek() == .null { return [] }
        var lists: [[String]] = []
        try document.beginArray()
        while try document.nextElement() {
            var names: [String] = []
            try document.beginArray()
            while try document.nextElement() { names.append(try name(&document)) }
            lists.append(names)
        }
        try document.expectEnd()
        return lists
    }

    /// Strings as they are; numbers and booleans as JSON writes them.
    private static func name(_ document: inout DocumentReader) throws(FormatError) -> String {
        switch try document.peek() {
        case .string: return try document.readString()
        case .bool: return try document.readBool() ? "true" : "false"
        case .number:
            let number = try document.readDouble()
            return number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : "\(number)"
        default: throw document.unexpected("a category that is no string, number or boolean")
        }
    }

    /// The columns that the lists belong to, which no line says outright: the ones that training was told,
    /// else the ones whose `feature_infos` is a list of codes (`none`: a column that was never split on).
    static func columns(of listCount: Int, stated: [Int], infos: [String]) throws(FormatError) -> [Int] {
        if stated.count == listCount && stated == stated.sorted() && (stated.first ?? 0) >= 0 {
            return stated
        }
        let listed = infos.indices.filter { !infos[$0].hasPrefix("[") && infos[$0] != "none" }
        if listed.count == listCount { return listed }
        let unbounded = infos.indices.filter { !infos[$0].hasPrefix("[") }
        if unbounded.count == listCount { return unbounded }
        throw .unsupported(
            part: "pandas_categorical: \(listCount) lists of categories",
            advice:
                "which columns they belong to cannot be told; train with categorical_feature set to all"
        )
    }
}
