// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Sums of products of each row with lines of coefficients.
struct LinearScores: Sendable {
    let intercepts: [Float]
    let outputs: Int
    private let products: BlockedProduct

    init(_ description: OperatorDescription, outputs: Int) throws(OperatorError) {
        let coefficients = try description.floats("coefficients") ?? []
        let intercepts = try description.floats("intercepts") ?? []
        guard outputs > 0, coefficients.count % outputs == 0, !coefficients.isEmpty,
            intercepts.isEmpty || intercepts.count == outputs
        else {
            throw OperatorError(
                "\(coefficients.count) coefficients and \(intercepts.count) intercepts for \(outputs) outputs"
            )
        }
        (self.intercepts, self.outputs) = (intercepts, outputs)
        products = BlockedProduct(lines: coefficients, outputs: outputs)
    }

    /// Shape [rows, outputs].
    func run(_ x: Tensor) throws(OperatorError) -> (rows: Int, scores: [Float]) {
        let (rows, width) = try x.rows()
        guard width == products.inputs else {
            throw OperatorError("rows of \(width) for \(products.inputs) features")
        }
        let values = try x.converted(toFloating: Float.self)
        return (rows, products.run(values.span, rowCount: rows, bias: intercepts))
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
