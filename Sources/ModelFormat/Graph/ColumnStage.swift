// SPDX-License-Identifier: Apache-2.0

/// A fitted step that reads columns by their names and gives columns names: an output that is called as a
/// column is takes that column's place, another one comes behind the last.
///
/// All inputs are read before any output is written. Computed in Float64, a row at a time.
public struct ColumnStage: Sendable, Equatable {
    public var inputs: [String]
    public var outputs: [String]
    public var operation: ColumnOperation

    public init(inputs: [String], outputs: [String], operation: ColumnOperation) {
        self.inputs = inputs
        self.outputs = outputs
        self.operation = operation
    }
}

/// What a stage of named columns does. NaN is missing, and stays missing where nothing else is said.
public enum ColumnOperation: Sendable, Equatable {
    /// A missing value becomes `values[i]` of its input.
    case fill(values: [Double])
    /// 1 where the input is missing, else 0.
    case missingIndicator
    /// (x - offsets[i]) / divisors[i].
    case rescale(offsets: [Double], divisors: [Double])
    /// x * multipliers[i] + addends[i].
    case multiplyAdd(multipliers: [Double], addends: [Double])
    /// Not below minimums[i], not above maximums[i]; infinite: no bound.
    case clip(minimums: [Double], maximums: [Double])
    case function(ElementFunction)
    /// One exponent an input.
    case power(PowerFamily, lambdas: [Double])
    /// Where the value stands among `quantiles`, `count` ascending ones an input, from 0 to 1; then, for
    /// `normal`, the number that a standard normal variable is below with that probability.
    case quantile(quantiles: [Double], count: Int, distribution: QuantileDistribution)
    /// The number of edges at or below the value: inner edges, ascending, one list an input.
    case bin(edges: [[Double]])
    /// One input of codes 0 ..< n; `positions` has for each code, then for an unseen one, then for missing
    /// the output that is 1, or -1 for none.
    case oneHot(positions: [Int])
    /// One input of codes 0 ..< n; row-major [outputs, n + 2]: a value for each code, then for an unseen one,
    /// then for missing; NaN is missing.
    case lookup(values: [Double])
    /// One input, a date; one output a part.
    case dateParts([DatePart])
    /// Row-major [outputs, inputs]: the exponents whose powers are multiplied.
    case polynomial(powers: [Int])
    /// Each row divided by its norm over all inputs; a row of zeros stays.
    case normalize(Norm)
    /// One input, a text: the whole text is hashed to one output.
    case hash(TextRule)
    /// One input, a text: each term is hashed to one output, and counted.
    case textHash(TextRule, norm: Norm?)
    /// One input, a text: one output a term; how often it occurs, times its weight.
    case termWeights(TextRule, terms: [String], weights: [Double], norm: Norm?)
    /// Row-major [outputs, inputs]: components · (x - means).
    case project(means: [Double], components: [Double])
    /// The inputs under their new names; all other columns are gone.
    case keep

    /// Output i is made of input i alone.
    public var isColumnwise: Bool {
        switch self {
        case .fill, .missingIndicator, .rescale, .multiplyAdd, .clip, .function, .power, .quantile, .bin,
            .keep:
            true
        case .oneHot, .lookup, .dateParts, .polynomial, .normalize, .hash, .textHash, .termWeights, .project:
            false
        }
    }
}

/// Functions of one number; where one is not defined the result is missing.
public enum ElementFunction: String, Sendable, CaseIterable {
    case log, log1p, sqrt, square, exp, absolute, reciprocal
}

/// Families of power transforms.
public enum PowerFamily: String, Sendable, CaseIterable {
    /// Yeo and Johnson 2000: all numbers.
    case yeoJohnson = "yeo_johnson"
    /// Box and Cox 1964: numbers above 0; missing for others.
    case boxCox = "box_cox"
}

/// What numbers are distributed like once their rank has replaced them: evenly from 0 to 1, or normally with
/// mean 0 and deviation 1.
public enum QuantileDistribution: String, Sendable, CaseIterable {
    case uniform, normal
}

/// Length of a row of numbers: the sum of absolute values, the root of the sum of squares, or the largest
/// absolute value.
public enum Norm: String, Sendable, CaseIterable {
    case l1, l2, max
}

/// Numbers that a date has, in UTC.
public enum DatePart: String, Sendable, CaseIterable {
    /// Of the Gregorian calendar.
    case year
    case quarter, month
    /// 1 to 53, of the ISO year.
    case week
    case day
    /// 1 to 366.
    case dayOfYear = "day_of_year"
    /// Monday is 0.
    case weekday
    /// 1 on Saturdays and Sundays, else 0.
    case weekend
    case hour, minute
    /// Of the minute, with its fraction.
    case second
    /// Since the start of 1970, whole.
    case days
    /// Since the start of 1970, with their fraction.
    case seconds
}

/// How a text becomes terms: its words (two or more letters, digits and underscores in a row), alone and in
/// runs of neighbours joined by a space.
public struct TextRule: Sendable, Equatable {
    public var isLowercased = true
    /// Words in the shortest and in the longest term; from 1 to 8.
    public var wordsMin = 1
    public var wordsMax = 1
    /// A term counts 1 + ln(count) times instead of count times.
    public var isSublinear = false
    /// Hashed terms count as -1 where their hash is negative, so that those that meet cancel out on average.
    public var isSigned = true

    public init() {}
}
