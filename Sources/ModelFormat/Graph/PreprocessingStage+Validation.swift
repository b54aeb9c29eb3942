// SPDX-License-Identifier: Apache-2.0

extension PreprocessingStage {
    /// Checks the stage against the columns that it gets and returns those that it gives: for each the number
    /// of its categories, nil when it is numeric.
    ///
    /// Categories are followed through the stages because a one-hot width must never be taken from the file's
    /// word alone: it is bounded by the names that the schema really has.
    func validate(part: String, columns: [Int?]) throws(FormatError) -> [Int?] {
        switch self {
        case .impute(let values):
            try checkWidth(values.count, columns.count, part: "\(part).values")
            if values.contains(where: \.isInfinite) {
                throw .invalidValue(part: "\(part).values", reason: "a value is infinite")
            }
            return columns
        case .scale(let offsets, let divisors):
            try checkWidth(offsets.count, columns.count, part: "\(part).offsets")
            try checkWidth(divisors.count, columns.count, part: "\(part).divisors")
            if !offsets.allSatisfy(\.isFinite) {
                throw .invalidValue(part: "\(part).offsets", reason: "an offset is not finite")
            }
            if !divisors.allSatisfy({ $0.isFinite && $0 != 0 }) {
                throw .invalidValue(part: "\(part).divisors", reason: "a divisor is zero or not finite")
            }
            return columns.indices.map { offsets[$0] == 0 && divisors[$0] == 1 ? columns[$0] : nil }
        case .affine(let multipliers, let addends):
            try checkWidth(multipliers.count, columns.count, part: "\(part).multipliers")
            try checkWidth(addends.count, columns.count, part: "\(part).addends")
            if !multipliers.allSatisfy(\.isFinite) || !addends.allSatisfy(\.isFinite) {
                throw .invalidValue(part: "\(part).multipliers", reason: "a number is not finite")
            }
            return columns.indices.map { multipliers[$0] == 1 && addends[$0] == 0 ? columns[$0] : nil }
        case .recode(let lists):
            try checkWidth(lists.count, columns.count, part: "\(part).starts")
            for (index, list) in lists.enumerated() {
                if list.contains(where: \.isNaN) || Set(list).count != list.count {
                    throw .invalidValue(
                        part: "\(part).values", reason: "a value of column \(index) is NaN or there twice")
                }
            }
            return zip(columns, lists).map { $1.isEmpty ? $0 : $1.count }
        case .select(let indices):
            if indices.isEmpty { throw .invalidValue(part: "\(part).columns", reason: "there is no column") }
            for index in indices where index < 0 || index >= columns.count {
                throw .invalidValue(
                    part: "\(part).columns", reason: "\(index) is no column of \(columns.count)")
            }
            return indices.map { columns[$0] }
        case .encode(let encodings):
            try checkWidth(encodings.count, columns.count, part: "\(part).columns")
            return try encodedColumns(encodings, columns, part: part)
        case .columns:
            throw .invalidValue(
                part: part, reason: "a stage of named columns stands behind one that has none")
        case .categoryStatistics(let statistics):
            try statistics.validate(width: columns.count, part: part)
            return columns + [Int?](repeating: nil, count: statistics.tables.count)
        }
    }

    private func encodedColumns(
        _ encodings: [ColumnEncoding], _ columns: [Int?], part: String
    ) throws(FormatError) -> [Int?] {
        var encoded: [Int?] = []
        for (index, (encoding, categoryCount)) in zip(encodings, columns).enumerated() {
            switch encoding {
            case .pass: encoded.append(categoryCount)
            case .ordinal: encoded.append(nil)
            case .oneHot(let count):
                guard count == categoryCount else {
                    let found = categoryCount.map { "\($0) categories" } ?? "none"
                    throw .invalidValue(
                        part: "\(part).columns[\(index)]",
                        reason: "one_hot of \(count) categories; the column has \(found)")
                }
                encoded.append(contentsOf: repeatElement(nil, count: count))
            }
        }
        return encoded
    }

    private func checkWidth(_ found: Int, _ width: Int, part: String) throws(FormatError) {
        if found != width {
            throw .invalidValue(part: part, reason: "\(found) entries for \(width) columns")
        }
    }
}
