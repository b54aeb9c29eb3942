// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// One step of the preprocessing as a person writes it, before it has been fitted to data:
/// docs/reference/preprocessing.md.
package struct PreparationStep: Sendable, Equatable {
    package var columns: ColumnSelection
    package var action: PreparationAction

    package init(_ columns: ColumnSelection, _ action: PreparationAction) {
        self.columns = columns
        self.action = action
    }
}

/// Which columns a step reads: those that are there when its turn comes.
package enum ColumnSelection: Sendable, Equatable {
    case named([String])
    case numeric, categorical, date, text, all
}

/// What a step does to its columns: docs/reference/preprocessing.md.
package enum PreparationAction: Sendable, Equatable {
    case impute(ImputeStrategy, indicator: Bool)
    case scale(ScaleMethod)
    case transform(TransformMethod)
    case clip(minimum: Double?, maximum: Double?, lowQuantile: Double?, highQuantile: Double?)
    case bin(count: Int, BinStrategy)
    case normalize(Norm)
    case oneHot(OneHotRule)
    case ordinal
    case target(smooth: Double?, folds: Int)
    case hash(buckets: Int, isSigned: Bool)
    case date([DatePart])
    case polynomial(degree: Int, interactionOnly: Bool)
    case terms(TextRule, TermRule)
    case termHash(TextRule, buckets: Int, norm: Norm?)
    case principalComponents(count: Int, whiten: Bool)
    case select
    case drop

    /// The step's word in a configuration, and in messages.
    package var name: String {
        switch self {
        case .impute: "impute"
        case .scale: "scale"
        case .transform: "transform"
        case .clip: "clip"
        case .bin: "bin"
        case .normalize: "normalize"
        case .oneHot: "one_hot"
        case .ordinal: "ordinal"
        case .target: "target"
        case .hash: "hash"
        case .date: "date"
        case .polynomial: "polynomial"
        case .terms, .termHash: "text"
        case .principalComponents: "pca"
        case .select: "select"
        case .drop: "drop"
        }
    }
}

/// What a missing value becomes.
package enum ImputeStrategy: Sendable, Equatable {
    case mean, median, mostFrequent
    case constant(Double)
    case category(String)
}

/// How numbers are moved and stretched.
package enum ScaleMethod: Sendable, Equatable {
    case standard, robust, maxAbs
    case minMax(low: Double, high: Double, clips: Bool)
}

/// How the distribution of numbers is changed.
package enum TransformMethod: Sendable, Equatable {
    case function(ElementFunction)
    case power(PowerFamily, standardizes: Bool)
    case quantile(QuantileDistribution, count: Int)
}

/// Bins as wide as each other, or with as many training rows.
package enum BinStrategy: String, Sendable, CaseIterable {
    case uniform, quantile
}

/// Which categories get a column of their own.
package struct OneHotRule: Sendable, Equatable {
    /// Categories with fewer training rows share one column.
    package var countMin = 0
    /// The most columns, the shared one among them.
    package var columnsMax: Int?
    package var dropsFirst = false
    /// Unseen categories count as rare ones where there is a column for those.
    package var unseenAreRare = true
    /// Missing values get a column of their own when training rows have some.
    package var missingHasColumn = false

    package init() {}
}

/// Which terms of texts get a column, and what stands in it.
package struct TermRule: Sendable, Equatable {
    package var termsMax = 1_000
    /// Terms in fewer texts are left out.
    package var textsMin = 1
    /// Weights fall with the number of texts that have the term.
    package var isWeighted = true
    package var norm: Norm? = .l2

    package init() {}
}
