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

    /// The columns that the lists belong to, in their order, which no line says outright: the ones that
    /// training was told to be categorical, and columns of ordered categories, whose codes are numbers to
    /// LightGBM. Only one choice may fit.
    ///
    /// - Parameters:
    ///   - stated: what training was told; empty when that is not known.
    ///   - infos: for each column its codes (`0:2:1`), its range (`[0:3]`), or `none`: never split on.
    static func columns(
        of lists: [[String]], stated: [Int], infos: [String]
    ) throws(FormatError) -> [Int] {
        let told = Set(stated)
        if told.count == lists.count { return told.sorted() }
        // ways[i][j]: in how many ways lists from i on fit columns from j on; 2 stands for many.
        var ways = [[Int]](
            repeating: [Int](repeating: 0, count: infos.count + 1), count: lists.count + 1)
        ways[lists.count][infos.count] = 1
        for column in infos.indices.reversed() {
            for list in 0...lists.count {
                let isTold = told.contains(column) || isListOfCodes(infos[column])
                var count = isTold ? 0 : ways[list][column + 1]
                if list < lists.count, isTold || fits(infos[column], lists[list].count) {
                    count += ways[list + 1][column + 1]
                }
                ways[list][column] = min(count, 2)
            }
        }
        guard ways[0][0] == 1 else {
            throw .unsupported(
                part: "pandas_categorical: \(lists.count) lists of categories",
                advice:
                    "which columns they belong to cannot be told; train with categorical_feature set to all")
        }
        var columns: [Int] = []
        for column in infos.indices {
            let list = columns.count
            if list < lists.count, ways[list + 1][column + 1] == 1,
                told.contains(column) || isListOfCodes(infos[column]) || ways[list][column + 1] == 0
            {
                columns.append(column)
            }
        }
        return columns
    }

    private static func isListOfCodes(_ info: String) -> Bool { !info.hasPrefix("[") && info != "none" }

    /// Whether a column can hold the codes of `count` categories as numbers.
    private static func fits(_ info: String, _ count: Int) -> Bool {
        if info == "none" { return true }
        let bounds = info.dropFirst().dropLast().split(separator: ":").map { Double($0) ?? .nan }
        return bounds.count == 2 && bounds[0] >= -1 && bounds[1] < Double(count)
            && bounds.allSatisfy { $0 == $0.rounded() }
    }
}
