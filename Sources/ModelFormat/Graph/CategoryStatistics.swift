// SPDX-License-Identifier: Apache-2.0

/// Columns that are looked up by the categories of a row, as CatBoost makes them of training: how often a
/// category, or a combination of categories and conditions, was met, and with which targets.
///
/// The key of a row is made of the parts of a table in their order: `k = 0; k = M * (k + M * part)` in 64
/// bits, M being `multiplier`; a part is the hash of the row's category, or 1 where a condition holds and 0
/// where not. A key that the table does not have, and any row with a category that training never saw, has
/// the table's value for the unknown.
public struct CategoryStatistics: Sendable, Equatable {
    /// What each category code is hashed to; one list for all columns, whose categories are the same.
    public var hashes: [UInt64]
    public var tables: [Table]

    public init(hashes: [UInt64], tables: [Table]) {
        self.hashes = hashes
        self.tables = tables
    }

    public static let multiplier: UInt64 = 0x4906_BA49_4954_CB65

    /// What one column is looked up in.
    public struct Table: Sendable, Equatable {
        public var parts: [Part]
        /// Ascending.
        public var keys: [UInt64]
        /// Float32 numbers, one a key.
        public var values: [Float]
        public var unknown: Float

        public init(parts: [Part], keys: [UInt64], values: [Float], unknown: Float) {
            self.parts = parts
            self.keys = keys
            self.values = values
            self.unknown = unknown
        }

        /// The value of `key`.
        ///
        /// - Complexity: O(log n)
        public func value(of key: UInt64) -> Float {
            var (low, high) = (0, keys.count)
            while low < high {
                let middle = (low + high) / 2
                if keys[middle] < key { low = middle + 1 } else { high = middle }
            }
            return low < keys.count && keys[low] == key ? values[low] : unknown
        }
    }

    /// What one part of a key looks at.
    public enum Part: Sendable, Equatable {
        /// The hash of the category in the column.
        case category(column: Int)
        /// Whether the number in the column, as a Float32, is above a border; a missing one is not.
        case above(column: Int, border: Float)
        /// Whether the category in the column has this hash.
        case equal(column: Int, hash: UInt64)

        public var column: Int {
            switch self {
            case .category(let column), .above(let column, _), .equal(let column, _): column
            }
        }
    }

    /// The hash of the category with the code `code`, or nil for a code that is none.
    public func hash(ofCode code: Double) -> UInt64? {
        guard let index = Int(exactly: code), index >= 0, index < hashes.count else { return nil }
        return hashes[index]
    }

    /// The value of table `table` for a row, given as a function from columns to numbers.
    public func value(of table: Table, in row: Span<Double>) -> Float {
        var key: UInt64 = 0
        for part in table.parts {
            let number: UInt64
            switch part {
            case .category(let column):
                guard let hash = hash(ofCode: row[column]) else { return table.unknown }
                number = hash
            case .above(let column, let border): number = Float(row[column]) > border ? 1 : 0
            case .equal(let column, let wanted): number = hash(ofCode: row[column]) == wanted ? 1 : 0
            }
            key = CategoryStatistics.multiplier &* (key &+ CategoryStatistics.multiplier &* number)
        }
        return table.value(of: key)
    }
}

extension CategoryStatistics {
    func validate(width: Int, part: String) throws(FormatError) {
        if tables.isEmpty { throw .invalidValue(part: part, reason: "there is no table") }
        for (index, table) in tables.enumerated() {
            let part = "\(part) table \(index)"
            if table.parts.isEmpty { throw .invalidValue(part: part, reason: "its key has no part") }
            for column in table.parts.map(\.column) where column < 0 || column >= width {
                throw .invalidValue(part: part, reason: "\(column) is no column of \(width)")
            }
            if table.keys.count != table.values.count {
                throw .wrongShape(
                    part: part, expected: "[\(table.keys.count)]", found: "[\(table.values.count)]")
            }
            for index in 1..<max(table.keys.count, 1) where table.keys[index - 1] >= table.keys[index] {
                throw .invalidValue(part: part, reason: "its keys are not in order")
            }
            if !table.values.allSatisfy(\.isFinite) || !table.unknown.isFinite {
                throw .invalidValue(part: part, reason: "a value is not finite")
            }
            for case .above(_, let border) in table.parts where border.isNaN {
                throw .invalidValue(part: part, reason: "a border is NaN")
            }
        }
    }
}
