// SPDX-License-Identifier: Apache-2.0

/// An estimator that is computed step by step, in Float64, each row for itself: models that hold models,
/// machines of support vectors, neighbours.
///
/// Value 0 is the row behind the stages; step i makes value i + 1 out of values before it, each a vector of a
/// width that is known; the last value is the margins. One that was made by `add` is valid.
public struct RowProgram: Sendable, Equatable {
    /// One operation, and the numbers of the values that it takes.
    public struct Step: Sendable, Equatable {
        public var operation: RowOperation
        public var inputs: [Int]
    }

    public private(set) var steps: [Step] = []
    /// Of each value, the row first.
    public private(set) var widths: [Int]
    private var widthSum: Int

    public init(inputWidth: Int) {
        widths = [inputWidth]
        widthSum = inputWidth
    }

    public var inputWidth: Int { widths[0] }
    public var outputCount: Int { widths[widths.count - 1] }
    /// The value that was made last.
    public var last: Int { steps.count }

    static let widthMax = 1 << 20
    static let widthSumMax = 1 << 24

    /// Adds a step and returns the index of the value that it makes.
    ///
    /// - Throws: `FormatError` with `part` when the operation cannot be done on values of these widths.
    @discardableResult
    public mutating func add(
        _ operation: RowOperation, _ inputs: [Int], part: String
    ) throws(FormatError) -> Int {
        for input in inputs where input < 0 || input >= widths.count {
            throw .invalidValue(part: part, reason: "a step reads value \(input), which is not made yet")
        }
        let width = try operation.width(of: inputs.map { widths[$0] }, part: part)
        if width < 1 || width > RowProgram.widthMax || width > RowProgram.widthSumMax - widthSum {
            throw .invalidValue(part: part, reason: "a step makes \(width) numbers a row")
        }
        steps.append(Step(operation: operation, inputs: inputs))
        widths.append(width)
        widthSum += width
        return steps.count
    }

    /// Made by `add`, so that only what the model says of itself can be wrong.
    func validate(width: Int) throws(FormatError) {
        if inputWidth != width {
            throw .invalidValue(part: "estimator", reason: "it reads \(inputWidth) columns of \(width)")
        }
    }
}

/// What a step of a row program does. Vectors have the widths of the values that are read.
public enum RowOperation: Sendable, Equatable {
    /// The numbers with these indices.
    case select([Int])
    /// All inputs, one behind the other.
    case join
    /// The same numbers for every row; no input.
    case constants([Double])
    /// matrix · x + addends; the matrix row-major, shape [addends, width].
    case product(matrix: [Double], addends: [Double])
    /// Each number for itself.
    case apply(RowFunction)
    /// Number by number of two inputs; one of width 1 goes with every number of the other.
    case combine(RowCombination)
    /// All numbers become one.
    case reduce(RowReduction)
    /// exp(x - max) / sum
    case softmax
    /// An index becomes as many numbers, 1 at its place and 0 elsewhere.
    case oneHot(count: Int)
    /// Each code becomes as many numbers as its entry says, 1 at its place, else 0; with 0 it stays.
    case spread([Int])
    case stages([PreprocessingStage])
    /// A model of its own, whose features are all numbers of the input.
    indirect case model(ModelGraph, RowAnswer)
    /// How alike the row is to each of `vectors`, row-major, shape [count, width].
    case similarity(SimilarityKernel, vectors: [Double])
    /// Each pair of classes (0, 1), (0, 2) … (1, 2) … votes for its first where its number is above 0.
    case pairVotes(classCount: Int)
    case nearest(NearestNeighbours)
    /// Missing numbers become those of the nearest known rows.
    case imputeNearest(NearestImputation)
    /// One exponent a number: Yeo and Johnson's transform, or Box and Cox's.
    case power(exponents: [Double], isYeoJohnson: Bool)
    /// The number of the column's edges, ascending, that are not above the number.
    case bins([[Double]])
    /// The height of the column's curve at the number: straight lines from point to point, constant beyond.
    case interpolate([RowCurve])
    /// Products of the numbers with these indices; an empty product is 1.
    case monomials([[Int]])
    /// The smallest number up to which half of the weight lies.
    case weightedMedian(weights: [Double])
}

/// Which answer of a model inside a program.
public enum RowAnswer: String, Sendable {
    /// One probability a class where there are such, else predictions.
    case values
    case margins
}

/// Functions of one number.
public enum RowFunction: String, Sendable {
    case exponential = "exp"
    case logarithm = "log"
    case logarithmOfOnePlus = "log1p"
    case exponentialMinusOne = "expm1"
    case squareRoot = "sqrt"
    case square, absolute, negative, logistic
    case hyperbolicTangent = "tanh"
    case rectified = "relu"
    /// Rounded to Float32.
    case narrowed = "float32"
    /// The largest whole number that is not above.
    case floor
    case cosine = "cos"
    /// The share of a standard normal distribution below the number, and the number below which a share is.
    case normalShare = "normal_share"
    case normalQuantile = "normal_quantile"
    /// 1 where the number is missing, else 0.
    case isMissing = "is_missing"
}

/// Functions of two numbers; comparisons give 1 or 0.
public enum RowCombination: String, Sendable {
    case add, subtract, multiply, divide, minimum, maximum, above, equal
    case atLeast = "at_least"
    /// The left one, and the right one where the left is missing.
    case orElse = "or_else"
}

/// One number of all that a vector holds.
public enum RowReduction: String, Sendable {
    case sum, largest
    case sumOfAbsolutes = "sum_of_absolutes"
    case sumOfSquares = "sum_of_squares"
    case largestAbsolute = "largest_absolute"
    /// The index of the first largest number.
    case firstLargest = "first_largest"
    /// The index of the first smallest number.
    case firstSmallest = "first_smallest"
}

/// Points of a curve, ascending in `x`, at least one.
public struct RowCurve: Sendable, Equatable {
    public var x: [Double]
    public var y: [Double]

    public init(x: [Double], y: [Double]) {
        self.x = x
        self.y = y
    }
}

/// Kernel functions of two vectors.
public enum SimilarityKernel: Sendable, Equatable {
    case linear
    /// (gamma · dot + offset)^degree
    case polynomial(gamma: Double, offset: Double, degree: Double)
    /// exp(-gamma · |x - y|^2)
    case radial(gamma: Double)
    /// tanh(gamma · dot + offset)
    case sigmoid(gamma: Double, offset: Double)
    /// |x - y|^2
    case squaredDistance
}

/// What the nearest of known points have, averaged.
public struct NearestNeighbours: Sendable, Equatable {
    /// Row-major, shape [points, width].
    public var points: [Double]
    /// Row-major, shape [points, outputs]; classes as 1 and 0.
    public var values: [Double]
    public var outputCount: Int
    /// How many points count.
    public var neighbourCount: Int
    /// Neighbours count by the inverse of their distance; where one is at distance 0, such ones alone.
    public var isWeighted: Bool
    /// The exponent of Minkowski's distance; infinite: the largest difference.
    public var exponent: Double

    public init(
        points: [Double], values: [Double], outputCount: Int, neighbourCount: Int, isWeighted: Bool,
        exponent: Double
    ) {
        self.points = points
        self.values = values
        self.outputCount = outputCount
        self.neighbourCount = neighbourCount
        self.isWeighted = isWeighted
        self.exponent = exponent
    }
}
