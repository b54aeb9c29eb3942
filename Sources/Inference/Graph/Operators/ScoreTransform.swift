// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// `post_transform` of the classical operators.
enum ScoreTransform: String, Sendable {
    case none = "NONE"
    case softmax = "SOFTMAX"
    case logistic = "LOGISTIC"
    case softmaxZero = "SOFTMAX_ZERO"
    case probit = "PROBIT"

    init(_ description: OperatorDescription) throws(OperatorError) {
        let name = try description.string("post_transform", default: "NONE")
        guard let transform = ScoreTransform(rawValue: name) else {
            throw OperatorError("the transform \"\(name)\" is not known")
        }
        self = transform
    }

    /// How a classifier with one score and two classes makes two of it.
    enum SecondClass: Sendable {
        /// The score is the probability of the second class.
        case complement
        /// The score is a distance: its negative belongs to the first class.
        case negative
    }

    /// Turns several scores of one row into what the operator answers.
    func apply(_ scores: inout [Float]) {
        switch self {
        case .none: break
        case .logistic: for index in scores.indices { scores[index] = Self.logistic(scores[index]) }
        case .probit: for index in scores.indices { scores[index] = Self.probit(scores[index]) }
        case .softmax:
            let largest = scores.max() ?? 0
            var sum: Float = 0
            for index in scores.indices {
                scores[index] = expf(scores[index] - largest)
                sum += scores[index]
            }
            for index in scores.indices { scores[index] /= sum }
        case .softmaxZero:
            // Scores of 0 stay 0 and take no part.
            let largest = scores.max() ?? 0
            let factor = expf(-largest)
            var sum: Float = 0
            for index in scores.indices {
                if abs(scores[index]) > 1e-7 {
                    scores[index] = expf(scores[index] - largest)
                    sum += scores[index]
                } else {
                    scores[index] *= factor
                }
            }
            if sum != 0 { for index in scores.indices { scores[index] /= sum } }
        }
    }

    /// The two scores of a row that has one.
    func pair(_ score: Float, _ second: SecondClass) -> (Float, Float) {
        switch (self, second) {
        case (.logistic, _): (Self.logistic(-score), Self.logistic(score))
        // ONNX Runtime writes the first only.
        case (.probit, _): (Self.probit(score), 0)
        case (_, .complement): (1 - score, score)
        case (_, .negative): (-score, score)
        }
    }

    static func logistic(_ x: Float) -> Float {
        let value = 1 / (1 + expf(-abs(x)))
        return x < 0 ? 1 - value : value
    }

    /// The inverse of the normal distribution, by Winitzki's approximation of the inverse error function.
    static func probit(_ p: Float) -> Float {
        // The order of the operations is ONNX Runtime's: much cancels here.
        let x = 2 * p - 1
        let logarithm = logf((1 - x) * (1 + x))
        let half = 2 / (Float(3.14159) * Float(0.147)) + 0.5 * logarithm
        let part = 1 / Float(0.147) * logarithm
        let root = sqrtf(-half + sqrtf(half * half - part))
        return 1.41421356 * (x < 0 ? -root : root)
    }
}

/// The names or numbers of classes, and the label column made of them.
enum LabelList: Sendable {
    case strings([String])
    case integers([Int64])

    /// - Parameter integers: the attribute's name where labels are numbers.
    init(_ description: OperatorDescription, integers: String) throws(OperatorError) {
        if let names = try description.strings("classlabels_strings"), !names.isEmpty {
            self = .strings(names)
        } else {
            self = .integers(try description.longs(integers) ?? [])
        }
    }

    /// Of numbers the places themselves; of names the same ones.
    var numbers: LabelList {
        switch self {
        case .strings: self
        case .integers: .integers([0, 1])
        }
    }

    var count: Int {
        switch self {
        case .strings(let names): names.count
        case .integers(let numbers): numbers.count
        }
    }

    /// The labels at `places`; a place outside the list is its own label.
    func column(_ places: [Int]) -> Tensor {
        switch self {
        case .strings(let names):
            Tensor(
                shape: Shape(places.count),
                elements: .string(places.map { $0 < names.count ? names[$0] : "\($0)" }))
        case .integers(let numbers):
            Tensor(
                shape: Shape(places.count),
                elements: .int64(places.map { $0 < numbers.count ? numbers[$0] : Int64($0) }))
        }
    }
}

extension Tensor {
    /// Rows of numbers: a vector is one row.
    func rows() throws(OperatorError) -> (count: Int, width: Int) {
        switch shape.rank {
        case 1: return (1, shape[0])
        case 2: return (shape[0], shape[1])
        default: throw OperatorError("an input of \(shape) is no rows")
        }
    }
}
