// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Sums of products of each row with lines of coefficients.
struct LinearScores: Sendable {
    let coefficients: [Float]
    let intercepts: [Float]
    let outputs: Int

    init(_ description: OperatorDescription, outputs: Int) throws(OperatorError) {
        coefficients = try description.floats("coefficients") ?? []
        let intercepts = try description.floats("intercepts") ?? []
        guard outputs > 0, coefficients.count % outputs == 0, !coefficients.isEmpty,
            intercepts.isEmpty || intercepts.count == outputs
        else {
            throw OperatorError(
                "\(coefficients.count) coefficients and \(intercepts.count) intercepts for \(outputs) outputs"
            )
        }
        self.intercepts = intercepts.isEmpty ? [Float](repeating: 0, count: outputs) : intercepts
        self.outputs = outputs
    }

    var features: Int { coefficients.count / outputs }

    /// Shape [rows, outputs]; products are summed in Float32 in the order of the features.
    func run(_ x: Tensor) throws(OperatorError) -> (rows: Int, scores: [Float]) {
        let (rows, width) = try x.rows()
        guard width == features else { throw OperatorError("rows of \(width) for \(features) features") }
        let values = try x.converted(toFloating: Float.self)
        var scores = [Float](repeating: 0, count: rows * outputs)
        let factors = coefficients.span
        let span = values.span
        for row in 0..<rows {
            for output in 0..<outputs {
                var sum: Float = 0
                for feature in 0..<width {
                    sum += span[row * width + feature] * factors[output * width + feature]
                }
                scores[row * outputs + output] = sum + intercepts[output]
            }
        }
        return (rows, scores)
    }
}

struct LinearRegressorKernel: OperatorKernel {
    let scores: LinearScores
    let transform: ScoreTransform

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        var (rows, values) = try scores.run(context.input(0))
        // ONNX Runtime applies the others to several targets only.
        if transform != .none && (scores.outputs > 1 || transform == .probit) {
            for row in 0..<rows {
                var part = Array(values[row * scores.outputs..<(row + 1) * scores.outputs])
                transform.apply(&part)
                values.replaceSubrange(row * scores.outputs..<(row + 1) * scores.outputs, with: part)
            }
        }
        context.set(0, Shape(rows, scores.outputs), values)
    }
}

struct LinearClassifierKernel: OperatorKernel {
    let scores: LinearScores
    let labels: LabelList
    let transform: ScoreTransform

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let (rows, values) = try scores.run(context.input(0))
        let outputs = scores.outputs
        var places: [Int] = []
        var results: [Float] = []
        for row in 0..<rows {
            if outputs == 1 {
                let score = values[row]
                places.append(score > 0 ? 1 : 0)
                if labels.count == 2 {
                    let pair = transform.pair(score, .complement)
                    results += [pair.0, pair.1]
                } else {
                    var single = [score]
                    transform.apply(&single)
                    results += single
                }
                continue
            }
            var part = Array(values[row * outputs..<(row + 1) * outputs])
            var best = 0
            for index in part.indices where part[index] > part[best] { best = index }
            places.append(best)
            transform.apply(&part)
            results += part
        }
        context.set(0, labels.column(places))
        context.set(1, Shape(rows, rows == 0 ? outputs : results.count / rows), results)
    }
}

extension OperatorTable {
    static let linearOperators: [String: OperatorEntry] = [
        "LinearRegressor": OperatorEntry(1...classicalLast, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in
            LinearRegressorKernel(
                scores: try LinearScores(
                    description, outputs: try description.integer("targets", default: 1)),
                transform: try ScoreTransform(description))
        },
        "LinearClassifier": OperatorEntry(1...classicalLast, 1...1, outputs: 1...2) {
            (description) throws(OperatorError) -> any OperatorKernel in
            let labels = try LabelList(description, integers: "classlabels_ints")
            let intercepts = try description.floats("intercepts")?.count ?? 0
            return LinearClassifierKernel(
                scores: try LinearScores(description, outputs: intercepts > 0 ? intercepts : labels.count),
                labels: labels, transform: try ScoreTransform(description))
        },
    ]
}
