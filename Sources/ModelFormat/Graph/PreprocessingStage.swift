// SPDX-License-Identifier: Apache-2.0

/// One fitted step between the raw columns and the estimator; computed in Float64, a row at a time, by the
/// same code in trainer and daemon. A stage maps a row of its input width to a row of its output width.
public enum PreprocessingStage: Sendable, Equatable {
    /// NaN in column i becomes `values[i]`; a NaN there leaves it missing. Same width.
    case impute(values: [Double])
    /// x[i] = (x[i] - offsets[i]) / divisors[i]; same width. Divisors are finite and not zero.
    case scale(offsets: [Double], divisors: [Double])
    /// x[i] = x[i] * multipliers[i] + addends[i]; same width, all finite.
    case affine(multipliers: [Double], addends: [Double])
    /// The columns with these indices, in this order; a column may come several times or not at all.
    case select([Int])
    /// A column with a list becomes the index of its value in the list, `FeatureKind.unseenCategory` when it
    /// is not there; missing stays missing. A column with an empty list stays as it is. Same width.
    case recode([[Double]])
    /// Each input column becomes the columns that its encoding says.
    case encode([ColumnEncoding])
    /// The columns as they are, and behind them one a table, looked up by the row's categories.
    case categoryStatistics(CategoryStatistics)
    /// Works on columns by their names; all stages of this case stand before the others.
    case columns(ColumnStage)

    /// What becomes of one column.
    public enum ColumnEncoding: Sendable, Equatable {
        /// The column as it is.
        case pass
        /// One column a category, 1 where the code is its index, else 0; unseen and missing are all zeros.
        case oneHot(categoryCount: Int)
        /// The code as a number; unseen becomes missing.
        case ordinal

        public var width: Int {
            switch self {
            case .pass, .ordinal: 1
            case .oneHot(let categoryCount): categoryCount
            }
        }
    }

    /// True when the stage computes on numbers; false when it only fills gaps, looks up categories and moves
    /// columns, which is the same in Float32.
    public var computesOnNumbers: Bool {
        switch self {
        case .scale, .affine, .recode, .columns: true
        case .impute, .select, .encode, .categoryStatistics: false
        }
    }

    /// True for a stage of named columns.
    public var isNamed: Bool { if case .columns = self { true } else { false } }

    /// The width of a row after this stage, or nil when `width` is not what the stage was fitted to.
    ///
    /// Meant for validated stages: an overflowing sum of widths is nil too.
    public func outputWidth(from width: Int) -> Int? {
        switch self {
        case .impute(let values):
            values.count == width ? width : nil
        case .scale(let offsets, let divisors):
            offsets.count == width && divisors.count == width ? width : nil
        case .affine(let multipliers, let addends):
            multipliers.count == width && addends.count == width ? width : nil
        case .recode(let lists): lists.count == width ? width : nil
        case .select(let columns):
            columns.allSatisfy { $0 >= 0 && $0 < width } ? columns.count : nil
        case .encode(let encodings):
            encodings.count == width ? PreprocessingStage.sum(encodings) : nil
        // Its width follows from names: `ColumnFrame` knows it.
        case .columns: nil
        case .categoryStatistics(let statistics):
            width <= Int.max - statistics.tables.count ? width + statistics.tables.count : nil
        }
    }

    private static func sum(_ encodings: [ColumnEncoding]) -> Int? {
        var total = 0
        for encoding in encodings {
            let (sum, overflow) = total.addingReportingOverflow(encoding.width)
            if overflow { return nil }
            total = sum
        }
        return total
    }
}
