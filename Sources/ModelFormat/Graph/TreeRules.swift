// SPDX-License-Identifier: Apache-2.0
public import Tabular

/// How the libraries that grow trees differ: in which type numbers are compared and added up, and how.
///
/// The defaults are XGBoost's. LightGBM: FP64, FP64, `lessOrEqual`, `truncated`. CatBoost: FP32, FP64,
/// `lessOrEqual`, `scaled`. scikit-learn: FP32, FP64, `lessOrEqual`.
public struct TreeRules: Sendable, Equatable {
    /// The type that inputs are cast to before they are compared.
    public var inputType: NumberType
    /// The type of leaves and sums, and of margins and predictions.
    public var sumType: NumberType
    public var comparison: Comparison
    public var categoryRule: CategoryRule
    public var aggregation: Aggregation
    /// What a request may give margins of its own for; nil: nothing.
    public var rowMargins: RowMargins?

    public init(
        inputType: NumberType = .float32, sumType: NumberType = .float32, comparison: Comparison = .less,
        categoryRule: CategoryRule = .negativeIsNoMember, aggregation: Aggregation = .onBase,
        rowMargins: RowMargins? = nil
    ) {
        self.inputType = inputType
        self.sumType = sumType
        self.comparison = comparison
        self.categoryRule = categoryRule
        self.aggregation = aggregation
        self.rowMargins = rowMargins
    }

    /// Margins that a request brings for its rows, by the name that the library has for them.
    public enum RowMargins: String, Sendable, CaseIterable {
        /// XGBoost: they stand in the place of the base margins.
        case baseMargin = "base_margin"
        /// CatBoost: they are added at the end.
        case baseline
    }

    /// Which rows go left at a numeric node.
    public enum Comparison: String, Sendable, CaseIterable {
        /// x < threshold
        case less
        /// x <= threshold
        case lessOrEqual = "less_or_equal"
    }

    /// Which numbers are a code of a categorical node's set: the integer part, when it is one of the set.
    public enum CategoryRule: String, Sendable, CaseIterable {
        /// Nothing below 0 and nothing from 2^24 up is a member.
        case negativeIsNoMember = "negative_is_no_member"
        /// Numbers between -1 and 0 are the code 0, as truncation makes them.
        case truncated
    }

    /// How the leaves that a row reaches become a margin; always in the order of the trees.
    public enum Aggregation: Sendable, Equatable {
        /// base + leaf + leaf + …, from the left.
        case onBase
        /// scale * (leaf + leaf + …) + base
        case scaled(Double)
        /// (leaf + leaf + …) / trees + base; the trees are those of the output.
        case average
    }

    /// |x| up to this is zero where a node counts zero as missing: LightGBM's constant, a Float32 read as
    /// Float64.
    public static let zeroLimit = 1.0000000180025095e-35
}
