// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// A kernel function of support vector machines, between rows and fixed vectors: in Float32 and in the order
/// of ONNX Runtime, whose sums over vectors cancel so much that the last bits show.
struct SupportKernel: Sendable {
    enum Form: String, Sendable { case linear = "LINEAR", poly = "POLY", rbf = "RBF", sigmoid = "SIGMOID" }

    let form: Form
    let gamma: Float
    let offset: Float
    let degree: Float
    let width: Int
    let vectorCount: Int
    private let vectors: [Float]
    private let products: BlockedProduct

    /// - Parameters:
    ///   - vectors: shape [vectorCount, width].
    ///   - form: the attribute's unless given.
    init(
        _ description: OperatorDescription, vectors: [Float], vectorCount: Int, form: Form? = nil
    ) throws(OperatorError) {
        let name = try description.string("kernel_type", default: "LINEAR")
        guard let named = Form(rawValue: name) else { throw OperatorError("the kernel \"\(name)\"") }
        self.form = form ?? named
        let parameters = try description.floats("kernel_params") ?? []
        gamma = parameters.count > 0 ? parameters[0] : 0
        offset = parameters.count > 1 ? parameters[1] : 0
        degree = parameters.count > 2 ? parameters[2] : 0
        (self.vectors, self.vectorCount, width) = (vectors, vectorCount, vectors.count / vectorCount)
        products = BlockedProduct(lines: vectors, outputs: vectorCount)
    }

    /// Calls `body` with the values of some rows after the other, shape [rowCount, vectorCount]; `bias` is
    /// added to the products of a linear kernel.
    func forEachBlock(
        _ rows: Span<Float>, rowCount: Int, bias: Float, _ body: ([Float], _ rowCount: Int) -> Void
    ) {
        // There may be thousands of vectors.
        let blockRows = 64
        for first in stride(from: 0, to: rowCount, by: blockRows) {
            let count = min(blockRows, rowCount - first)
            let block = rows.extracting(first * width..<(first + count) * width)
            body(values(block, rowCount: count, bias: bias), count)
        }
    }

    private func values(_ rows: Span<Float>, rowCount: Int, bias: Float) -> [Float] {
        switch form {
        case .rbf: return distances(rows, rowCount: rowCount)
        case .linear: return products.run(rows, rowCount: rowCount, bias: bias == 0 ? [] : [bias])
        case .poly, .sigmoid: break
        }
        var values = products.run(
            rows, rowCount: rowCount, scale: gamma, bias: offset == 0 ? [] : [offset])
        for place in values.indices {
            let value = values[place]
            if form == .sigmoid {
                values[place] = LaneFunctions.runtimeTangent(value)
            } else {
                values[place] =
                    degree == 2 ? value * value : degree == 3 ? value * value * value : powf(value, degree)
            }
        }
        return values
    }

    private func distances(_ rows: Span<Float>, rowCount: Int) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(rowCount * vectorCount)
        let span = vectors.span
        for row in 0..<rowCount {
            for vector in 0..<vectorCount {
                var sum: Float = 0
                for index in 0..<width {
                    let distance = rows[row &* width &+ index] - span[vector &* width &+ index]
                    sum += distance * distance
                }
                values.append(expf(-gamma * sum))
            }
        }
        return values
    }
}

struct SupportVectorRegressorKernel: OperatorKernel {
    /// Between rows and support vectors, or between rows and the coefficients themselves.
    let kernel: SupportKernel
    /// The sum over support vectors; nil without any.
    let sum: BlockedProduct?
    let rho: Float
    let isOneClass: Bool

    init(_ description: OperatorDescription) throws(OperatorError) {
        let vectors = try description.floats("support_vectors") ?? []
        let coefficients = try description.floats("coefficients") ?? []
        rho = try description.floats("rho")?.first ?? 0
        let count = try description.integer("n_supports", default: 0)
        let vectorCount = vectors.isEmpty ? 0 : count
        isOneClass = try description.flag("one_class")
        _ = try ScoreTransform(description)
        guard !coefficients.isEmpty, vectorCount >= 0,
            vectorCount == 0 || vectors.count % vectorCount == 0 && coefficients.count == vectorCount
        else { throw OperatorError("\(coefficients.count) coefficients of \(count) vectors") }
        if vectorCount == 0 {
            kernel = try SupportKernel(description, vectors: coefficients, vectorCount: 1, form: .linear)
            sum = nil
        } else {
            kernel = try SupportKernel(description, vectors: vectors, vectorCount: vectorCount)
            sum = BlockedProduct(lines: coefficients, outputs: 1)
        }
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let (rows, width) = try x.rows()
        let values = try x.converted(toFloating: Float.self)
        guard width == kernel.width else {
            throw OperatorError("rows of \(width) for \(kernel.width) features")
        }
        var y: [Float] = []
        kernel.forEachBlock(values.span, rowCount: rows, bias: sum == nil ? rho : 0) { kernels, rowCount in
            y += sum.map { $0.run(kernels.span, rowCount: rowCount, bias: [rho]) } ?? kernels
        }
        // Otherwise as it is, whatever `post_transform` says, as in ONNX Runtime.
        if isOneClass { y = y.map { $0 > 0 ? 1 : -1 } }
        context.set(0, Shape(rows, 1), y)
    }
}

struct SupportVectorClassifierKernel: OperatorKernel {
    /// Between rows and support vectors, or between rows and the coefficients of each class.
    let kernel: SupportKernel
    let coefficients: [Float]
    let rho: [Float]
    let probabilityA: [Float]
    let probabilityB: [Float]
    let counts: [Int]
    let labels: LabelList
    let transform: ScoreTransform
    private let starts: [Int]
    private let isPositive: Bool

    init(_ description: OperatorDescription) throws(OperatorError) {
        let vectors = try description.floats("support_vectors") ?? []
        coefficients = try description.floats("coefficients") ?? []
        rho = try description.floats("rho") ?? []
        probabilityA = try description.floats("prob_a") ?? []
        probabilityB = try description.floats("prob_b") ?? []
        let counts = vectors.isEmpty ? [] : try description.integers("vectors_per_class") ?? []
        self.counts = counts
        labels = try LabelList(description, integers: "classlabels_ints")
        transform = try ScoreTransform(description)
        isPositive = coefficients.allSatisfy { $0 >= 0 }
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
            kernel = try SupportKernel(description, vectors: vectors, vectorCount: total)
        } else {
            guard coefficients.count % labels.count == 0, !rho.isEmpty else {
                throw OperatorError("\(coefficients.count) coefficients of \(labels.count) classes")
            }
            kernel = try SupportKernel(
                description, vectors: coefficients, vectorCount: labels.count, form: .linear)
        }
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let (rows, width) = try x.rows()
        guard width == kernel.width else {
            throw OperatorError("rows of \(width) for \(kernel.width) features")
        }
        let values = try x.converted(toFloating: Float.self)
        let bias = counts.isEmpty ? rho[0] : 0
        var places: [Int] = []
        var results: [Float] = []
        kernel.forEachBlock(values.span, rowCount: rows, bias: bias) { kernels, rowCount in
            for row in 0..<rowCount {
                let line = kernels.span.extracting(
                    row * kernel.vectorCount..<(row + 1) * kernel.vectorCount)
                let (place, scores) = counts.isEmpty ? linear(line) : machine(line)
                places.append(place)
                results += scores
            }
        }
        context.set(0, labels.column(places))
        context.set(1, Shape(rows, rows == 0 ? labels.count : results.count / rows), results)
    }

    private func linear(_ line: Span<Float>) -> (Int, [Float]) {
        var scores = (0..<line.count).map { line[$0] }
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        // Of two classes ONNX Runtime answers the second whenever a score is large enough.
        if scores.count == 2, isPositive ? scores[best] >= 0.5 : scores[best] > 0 { best = 1 }
        transform.apply(&scores)
        return (best, scores)
    }

    /// One machine a pair of classes; each votes, and with probabilities they are coupled.
    private func machine(_ kernels: Span<Float>) -> (Int, [Float]) {
        let classes = counts.count
        var votes = [Int](repeating: 0, count: classes)
        var sums: [Double] = []
        for first in 0..<classes {
            for second in first + 1..<classes {
                var sum = 0.0
                for vector in starts[first]..<starts[first] + counts[first] {
                    sum += Double(kernels[vector] * coefficients[(second - 1) * kernels.count + vector])
                }
                for vector in starts[second]..<starts[second] + counts[second] {
                    sum += Double(kernels[vector] * coefficients[first * kernels.count + vector])
                }
                sum += Double(rho[sums.count])
                votes[sum > 0 ? first : second] += 1
                sums.append(sum)
            }
        }
        var best = 0
        for index in votes.indices where votes[index] > votes[best] { best = index }
        var scores = sums.map { Float($0) }
        if !probabilityA.isEmpty {
            scores = PairwiseCoupling(
                scores: scores, a: probabilityA, b: probabilityB, classes: classes
            ).probabilities()
            transform.apply(&scores)
            return (best, scores)
        }
        if classes == 2 && scores.count == 1 {
            let pair = transform.pair(scores[0], transform == .none ? .negative : .complement)
            return (best, [pair.0, pair.1])
        }
        transform.apply(&scores)
        return (best, scores)
    }
}

/// Probabilities of classes from those of their pairs: the second method of Wu, Lin and Weng (2004). In
/// Float32, as in ONNX Runtime: where the iteration stops depends on it, which shows in the third digit.
struct PairwiseCoupling {
    let scores: [Float]
    let a: [Float]
    let b: [Float]
    let classes: Int

    func probabilities() -> [Float] {
        let k = classes
        var pairs = [Float](repeating: 0, count: k * k)
        var place = 0
        for first in 0..<k {
            for second in first + 1..<k {
                let raw = 1 - ScoreTransform.logistic(scores[place] * a[place] + b[place])
                let probability = min(max(raw, 1e-7), 1 - 1e-7)
                pairs[first * k + second] = probability
                pairs[second * k + first] = 1 - probability
                place += 1
            }
        }
        var q = [Float](repeating: 0, count: k * k)
        for row in 0..<k {
            for other in 0..<k where other != row {
                q[row * k + row] += pairs[other * k + row] * pairs[other * k + row]
                q[row * k + other] = -pairs[other * k + row] * pairs[row * k + other]
            }
        }
        return iterate(q)
    }

    private func iterate(_ q: [Float]) -> [Float] {
        let k = classes
        var p = [Float](repeating: 1 / Float(k), count: k)
        var product = [Float](repeating: 0, count: k)
        for _ in 0..<100 {
            var total: Float = 0
            for row in 0..<k {
                product[row] = 0
                for other in 0..<k { product[row] += q[row * k + other] * p[other] }
                total += p[row] * product[row]
            }
            let distance = product.map { abs($0 - total) }.max() ?? 0
            if distance < 0.005 / Float(k) { break }
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
