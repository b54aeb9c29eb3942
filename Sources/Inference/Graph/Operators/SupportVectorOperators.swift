// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// A kernel function of support vector machines.
struct SupportKernel: Sendable {
    enum Form: String, Sendable { case linear = "LINEAR", poly = "POLY", rbf = "RBF", sigmoid = "SIGMOID" }

    let form: Form
    let gamma: Double
    let offset: Double
    let degree: Double

    init(_ description: OperatorDescription) throws(OperatorError) {
        let name = try description.string("kernel_type", default: "LINEAR")
        guard let form = Form(rawValue: name) else { throw OperatorError("the kernel \"\(name)\"") }
        self.form = form
        let parameters = try description.floats("kernel_params") ?? []
        gamma = parameters.count > 0 ? Double(parameters[0]) : 0
        offset = parameters.count > 1 ? Double(parameters[1]) : 0
        degree = parameters.count > 2 ? Double(parameters[2]) : 0
    }

    func value(_ x: Span<Float>, _ vector: Span<Float>) -> Double {
        var sum = 0.0
        if form == .rbf {
            for index in x.indices {
                let distance = Double(x[index]) - Double(vector[index])
                sum += distance * distance
            }
            return exp(-gamma * sum)
        }
        for index in x.indices { sum += Double(x[index]) * Double(vector[index]) }
        switch form {
        case .linear, .rbf: return sum
        case .poly: return pow(gamma * sum + offset, degree)
        case .sigmoid: return tanh(gamma * sum + offset)
        }
    }
}

struct SupportVectorRegressorKernel: OperatorKernel {
    let kernel: SupportKernel
    let vectors: [Float]
    let coefficients: [Float]
    let rho: Float
    let vectorCount: Int
    let isOneClass: Bool

    init(_ description: OperatorDescription) throws(OperatorError) {
        kernel = try SupportKernel(description)
        vectors = try description.floats("support_vectors") ?? []
        coefficients = try description.floats("coefficients") ?? []
        rho = try description.floats("rho")?.first ?? 0
        let count = try description.integer("n_supports", default: 0)
        vectorCount = vectors.isEmpty ? 0 : count
        isOneClass = try description.flag("one_class")
        _ = try ScoreTransform(description)
        guard !coefficients.isEmpty, vectorCount >= 0,
            vectorCount == 0 || vectors.count % vectorCount == 0 && coefficients.count == vectorCount
        else { throw OperatorError("\(coefficients.count) coefficients of \(count) vectors") }
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let (rows, width) = try x.rows()
        let values = try x.converted(toFloating: Float.self)
        let expected = vectorCount == 0 ? coefficients.count : vectors.count / vectorCount
        guard width == expected else { throw OperatorError("rows of \(width) for \(expected) features") }
        var y: [Float] = []
        for row in 0..<rows {
            let line = values.span.extracting(row * width..<(row + 1) * width)
            var sum = 0.0
            if vectorCount == 0 {
                sum = kernel.value(line, coefficients.span)
            } else {
                for vector in 0..<vectorCount {
                    sum +=
                        Double(coefficients[vector])
                        * kernel.value(line, vectors.span.extracting(vector * width..<(vector + 1) * width))
                }
            }
            let total = Float(sum + Double(rho))
            if isOneClass {
                y.append(total > 0 ? 1 : -1)
            } else {
                // Whatever `post_transform` says, as in ONNX Runtime.
                y.append(total)
            }
        }
        context.set(0, Shape(rows, 1), y)
    }
}

struct SupportVectorClassifierKernel: OperatorKernel {
    let kernel: SupportKernel
    let vectors: [Float]
    let coefficients: [Float]
    let rho: [Float]
    let probabilityA: [Float]
    let probabilityB: [Float]
    let counts: [Int]
    let labels: LabelList
    let transform: ScoreTransform
    private let starts: [Int]

    init(_ description: OperatorDescription) throws(OperatorError) {
        kernel = try SupportKernel(description)
        vectors = try description.floats("support_vectors") ?? []
        coefficients = try description.floats("coefficients") ?? []
        rho = try description.floats("rho") ?? []
        probabilityA = try description.floats("prob_a") ?? []
        probabilityB = try description.floats("prob_b") ?? []
        let counts = vectors.isEmpty ? [] : try description.integers("vectors_per_class") ?? []
        self.counts = counts
        labels = try LabelList(description, integers: "classlabels_ints")
        transform = try ScoreTransform(description)
        let size = vectors.count
        guard counts.allSatisfy({ $0 >= 0 && $0 <= size }), !coefficients.isEmpty, labels.count > 0
        else { throw OperatorError("vectors_per_class, coefficients or labels are missing") }
        var starts: [Int] = []
        var total = 0
        for count in counts {
            starts.append(total)
            total += count
        }
        self.starts = starts
        let classes = counts.count
        let pairs = classes * (classes - 1) / 2
        if classes > 0 {
            guard classes >= 2, total > 0, vectors.count % total == 0,
                coefficients.count == (classes - 1) * total, rho.count >= pairs,
                probabilityA.isEmpty || probabilityA.count == pairs && probabilityB.count == pairs
            else { throw OperatorError("the numbers of vectors, coefficients and classes do not fit") }
        } else {
            guard coefficients.count % labels.count == 0, !rho.isEmpty else {
                throw OperatorError("\(coefficients.count) coefficients of \(labels.count) classes")
            }
        }
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let (rows, width) = try x.rows()
        let vectorCount = counts.reduce(0, +)
        let expected = vectorCount == 0 ? coefficients.count / labels.count : vectors.count / vectorCount
        guard width == expected else { throw OperatorError("rows of \(width) for \(expected) features") }
        let values = try x.converted(toFloating: Float.self)
        var places: [Int] = []
        var results: [Float] = []
        for row in 0..<rows {
            let line = values.span.extracting(row * width..<(row + 1) * width)
            let (place, scores) = vectorCount == 0 ? linear(line) : machine(line, vectorCount)
            places.append(place)
            results += scores
        }
        context.set(0, labels.column(places))
        context.set(1, Shape(rows, rows == 0 ? labels.count : results.count / rows), results)
    }

    private func linear(_ line: Span<Float>) -> (Int, [Float]) {
        let width = line.count
        var scores = (0..<labels.count).map { label -> Float in
            let part = coefficients.span.extracting(label * width..<(label + 1) * width)
            return Float(kernel.value(line, part) + Double(rho[0]))
        }
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        transform.apply(&scores)
        return (best, scores)
    }

    /// One machine a pair of classes; each votes, and with probabilities they are coupled.
    private func machine(_ line: Span<Float>, _ vectorCount: Int) -> (Int, [Float]) {
        let width = line.count
        let kernels = (0..<vectorCount).map { vector in
            kernel.value(line, vectors.span.extracting(vector * width..<(vector + 1) * width))
        }
        let classes = counts.count
        var votes = [Int](repeating: 0, count: classes)
        var sums: [Double] = []
        for first in 0..<classes {
            for second in first + 1..<classes {
                var sum = 0.0
                for vector in starts[first]..<starts[first] + counts[first] {
                    sum += kernels[vector] * Double(coefficients[(second - 1) * vectorCount + vector])
                }
                for vector in starts[second]..<starts[second] + counts[second] {
                    sum += kernels[vector] * Double(coefficients[first * vectorCount + vector])
                }
                sum += Double(rho[sums.count])
                votes[sum > 0 ? first : second] += 1
                sums.append(sum)
            }
        }
        if !probabilityA.isEmpty {
            let probabilities = PairwiseCoupling(
                sums: sums, a: probabilityA, b: probabilityB, classes: classes
            ).probabilities()
            var scores = probabilities.map { Float($0) }
            var best = 0
            for index in votes.indices where votes[index] > votes[best] { best = index }
            transform.apply(&scores)
            return (best, scores)
        }
        var best = 0
        for index in votes.indices where votes[index] > votes[best] { best = index }
        var scores = sums.map { Float($0) }
        if classes == 2 && scores.count == 1 {
            let pair = transform.pair(scores[0], transform == .none ? .negative : .complement)
            return (best, [pair.0, pair.1])
        }
        transform.apply(&scores)
        return (best, scores)
    }
}

/// Probabilities of classes from those of their pairs: the second method of Wu, Lin and Weng (2004).
struct PairwiseCoupling {
    let sums: [Double]
    let a: [Float]
    let b: [Float]
    let classes: Int

    func probabilities() -> [Double] {
        let k = classes
        var pairs = [Double](repeating: 0, count: k * k)
        var place = 0
        for first in 0..<k {
            for second in first + 1..<k {
                let exponent = sums[place] * Double(a[place]) + Double(b[place])
                let raw = exponent >= 0 ? exp(-exponent) / (1 + exp(-exponent)) : 1 / (1 + exp(exponent))
                let probability = min(max(raw, 1e-7), 1 - 1e-7)
                pairs[first * k + second] = probability
                pairs[second * k + first] = 1 - probability
                place += 1
            }
        }
        var q = [Double](repeating: 0, count: k * k)
        for row in 0..<k {
            for other in 0..<k where other != row {
                q[row * k + row] += pairs[other * k + row] * pairs[other * k + row]
                q[row * k + other] = -pairs[other * k + row] * pairs[row * k + other]
            }
        }
        return iterate(q)
    }

    private func iterate(_ q: [Double]) -> [Double] {
        let k = classes
        var p = [Double](repeating: 1 / Double(k), count: k)
        var product = [Double](repeating: 0, count: k)
        for _ in 0..<max(100, k) {
            var total = 0.0
            for row in 0..<k {
                product[row] = 0
                for other in 0..<k { product[row] += q[row * k + other] * p[other] }
                total += p[row] * product[row]
            }
            let distance = product.map { abs($0 - total) }.max() ?? 0
            if distance < 0.005 / Double(k) { break }
            for row in 0..<k {
                let step = (total - product[row]) / q[row * k + row]
                p[row] += step
                total =
                    (total + step * (step * q[row * k + row] + 2 * product[row])) / (1 + step) / (1 + step)
                for other in 0..<k {
                    product[other] = (product[other] + step * q[row * k + other]) / (1 + step)
                    p[other] /= 1 + step
                }
            }
        }
        return p
    }
}

extension OperatorTable {
    static let supportVectorOperators: [String: OperatorEntry] = [
        "SVMRegressor": OperatorEntry(1...classicalLast, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in
            try SupportVectorRegressorKernel(description)
        },
        "SVMClassifier": OperatorEntry(1...classicalLast, 1...1, outputs: 1...2) {
            (description) throws(OperatorError) -> any OperatorKernel in
            try SupportVectorClassifierKernel(description)
        },
    ]
}
