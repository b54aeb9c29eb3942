// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Tree tables in both precisions: thresholds are compared in Float64 where the input is Float64.
struct TreeTables: Sendable {
    let single: TreeTable<Float>
    let double: TreeTable<Double>
    /// `single` as a forest, where it can be one.
    let forest: FastTreeTable?
    let outputs: Int
    let aggregate: TreeAggregate
    let bases: [Double]
    /// Outputs that no tree voted for get their base too: single targets and more than two classes.
    let basesStandAlone: Bool

    init(
        single: TreeTable<Float>, double: TreeTable<Double>, outputs: Int, aggregate: TreeAggregate,
        bases: [Double], basesStandAlone: Bool, isCompiled: Bool = true
    ) {
        (self.single, self.double, self.outputs, self.aggregate) = (single, double, outputs, aggregate)
        (self.bases, self.basesStandAlone) = (bases, basesStandAlone)
        forest =
            isCompiled
            ? FastTreeTable(
                single, outputs: outputs, aggregate: aggregate, bases: bases,
                basesStandAlone: basesStandAlone) : nil
    }

    /// Calls `body` with each row's scores and which of them were voted for.
    func forEachRow(
        of x: Tensor, _ body: (inout [Double], [Bool]) throws(OperatorError) -> Void
    ) throws(OperatorError) {
        if x.type == .float64 {
            try walk(double, x, try x.array(Double.self).prefix(x.count).map { $0 }, body)
        } else if let forest {
            try run(forest, x, body)
        } else {
            try walk(single, x, try x.converted(toFloating: Float.self), body)
        }
    }

    private func run(
        _ forest: FastTreeTable, _ x: Tensor,
        _ body: (inout [Double], [Bool]) throws(OperatorError) -> Void
    ) throws(OperatorError) {
        let (rows, width) = try x.rows()
        guard width >= forest.featureCount else {
            throw OperatorError("rows of \(width) where feature \(forest.featureCount - 1) is asked for")
        }
        var values = x.type == .float32 ? try x.floats() : try x.converted(toFloating: Float.self)
        if width > forest.featureCount {
            // Columns behind the last one that is asked for.
            var narrow: [Float] = []
            narrow.reserveCapacity(rows * forest.featureCount)
            for row in 0..<rows { narrow += values[row * width..<row * width + forest.featureCount] }
            values = narrow
        }
        let scores = forest.run(
            values.span.extracting(0..<rows * forest.featureCount), rowCount: rows)
        var results = [Double](repeating: 0, count: outputs)
        for row in 0..<rows {
            for output in 0..<outputs { results[output] = Double(scores[row * outputs + output]) }
            try body(&results, forest.isVoted)
        }
    }

    private func walk<Value: BinaryFloatingPoint & Sendable>(
        _ table: TreeTable<Value>, _ x: Tensor, _ values: [Value],
        _ body: (inout [Double], [Bool]) throws(OperatorError) -> Void
    ) throws(OperatorError) {
        let (rows, width) = try x.rows()
        guard width >= table.featuresMin else {
            throw OperatorError("rows of \(width) where feature \(table.featuresMin - 1) is asked for")
        }
        var scores = [Value](repeating: 0, count: outputs)
        var isVoted = [Bool](repeating: false, count: outputs)
        var results = [Double](repeating: 0, count: outputs)
        for row in 0..<rows {
            table.score(
                values.span.extracting(row * width..<(row + 1) * width), aggregate, into: &scores, &isVoted)
            for output in 0..<outputs {
                // The base is added last, in the precision of the sum.
                let hasBase = bases.count == outputs && (isVoted[output] || basesStandAlone)
                results[output] = Double(scores[output] + (hasBase ? Value(bases[output]) : 0))
            }
            try body(&results, isVoted)
        }
    }
}

struct TreeRegressorKernel: OperatorKernel {
    let tables: TreeTables
    let transform: ScoreTransform
    /// The combined operator answers in its input's type, the old one in Float32.
    let keepsType: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let (rows, _) = try x.rows()
        let outputs = tables.outputs
        let shape = Shape(rows, outputs)
        if keepsType && x.type == .float64 && transform == .none {
            var y: [Double] = []
            try tables.forEachRow(of: x) { (scores, _) in y += scores }
            return context.set(0, shape, y)
        }
        var y: [Float] = []
        try tables.forEachRow(of: x) { (scores, _) in
            var row = scores.map { Float($0) }
            // One target takes no part in a softmax, and ONNX Runtime leaves its logistic out.
            if outputs > 1 || transform == .probit { transform.apply(&row) }
            y += row
        }
        let result = Tensor(shape: shape, elements: .float32(y))
        context.set(0, keepsType ? try result.cast(to: x.type) : result)
    }
}

struct TreeClassifierKernel: OperatorKernel {
    let tables: TreeTables
    let labels: LabelList
    let transform: ScoreTransform
    /// All votes are for one class: the score is that of the second.
    let isBinary: Bool
    let isPositive: Bool
    let bases: [Float]

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let (rows, _) = try x.rows()
        var places: [Int] = []
        var results: [Float] = []
        try tables.forEachRow(of: x) { (scores, isVoted) in
            if tables.outputs == 2 {
                binary(scores, isVoted, &places, &results)
            } else {
                many(scores, isVoted, &places, &results)
            }
        }
        // Where both of two classes are voted for, ONNX Runtime answers 0 and 1 in place of other numbers.
        let isNumbered = tables.outputs == 2 && !isBinary
        context.set(0, (isNumbered ? labels.numbers : labels).column(places))
        context.set(1, Shape(rows, rows == 0 ? tables.outputs : results.count / rows), results)
    }

    private func many(
        _ scores: [Double], _ isVoted: [Bool], _ places: inout [Int], _ results: inout [Float]
    ) {
        var best = -1
        for index in scores.indices where isVoted[index] || !bases.isEmpty {
            if best < 0 || scores[index] > scores[best] { best = index }
        }
        places.append(max(best, 0))
        var row = scores.map { Float($0) }
        transform.apply(&row)
        results += row
    }

    private func binary(
        _ scores: [Double], _ isVoted: [Bool], _ places: inout [Int], _ results: inout [Float]
    ) {
        // What ONNX Runtime makes of bases here has no other source than its code.
        var first = Float(scores[0])
        var second = Float(scores[1])
        var hasFirst = isVoted[0]
        if bases.count == 2 {
            if isVoted[1] {
                second = bases[1] + first
                first = -second
            } else {
                first += bases[0]
                hasFirst = true
            }
        } else if bases.count == 1 {
            first += bases[0]
        }
        let decisive = isVoted[1] ? second : hasFirst ? first : 0
        places.append(decisive > (isBinary && isPositive ? 0.5 : 0) ? 1 : 0)
        if bases.count < 2 && !isVoted[1] {
            let pair = transform.pair(first, isPositive ? .complement : .negative)
            results += [pair.0, pair.1]
            return
        }
        var row = [hasFirst ? first : 0, isVoted[1] ? second : 0]
        transform.apply(&row)
        results += row
    }
}

extension OperatorTable {
    private static func classifier(
        _ description: OperatorDescription
    ) throws(OperatorError) -> any OperatorKernel {
        let labels = try LabelList(description, integers: "classlabels_int64s")
        guard labels.count > 0 else { throw OperatorError("there are no class labels") }
        let reader = TreeTableReader(description: description)
        let bases = try reader.numbers("base_values") ?? []
        let outputs = max(labels.count, 2)
        guard bases.isEmpty || bases.count == 1 || bases.count == outputs else {
            throw OperatorError("\(bases.count) base values for \(outputs) classes")
        }
        let single = try reader.read(Float.self, prefix: "class", outputs: outputs)
        let double = try reader.read(Double.self, prefix: "class", outputs: outputs)
        return TreeClassifierKernel(
            tables: TreeTables(
                single: single, double: double, outputs: outputs, aggregate: .sum,
                bases: outputs > 2 ? bases : [], basesStandAlone: true),
            labels: labels, transform: try ScoreTransform(description),
            isBinary: Set(single.votes.map(\.output)).count <= 1,
            isPositive: single.votes.allSatisfy { $0.weight >= 0 }, bases: bases.map { Float($0) })
    }

    private static func regressor(
        _ description: OperatorDescription
    ) throws(OperatorError) -> any OperatorKernel {
        let outputs = try description.integer("n_targets", default: 1)
        guard (1...1 << 20).contains(outputs) else { throw OperatorError("\(outputs) targets") }
        let reader = TreeTableReader(description: description)
        let bases = try reader.numbers("base_values") ?? []
        guard bases.isEmpty || bases.count == outputs else {
            throw OperatorError("\(bases.count) base values for \(outputs) targets")
        }
        return TreeRegressorKernel(
            tables: TreeTables(
                single: try reader.read(Float.self, prefix: "target", outputs: outputs),
                double: try reader.read(Double.self, prefix: "target", outputs: outputs), outputs: outputs,
                aggregate: try TreeAggregate(
                    name: try description.string("aggregate_function", default: "SUM")),
                bases: bases, basesStandAlone: outputs == 1),
            transform: try ScoreTransform(description), keepsType: false)
    }

    private static func combined(
        _ description: OperatorDescription
    ) throws(OperatorError) -> any OperatorKernel {
        let outputs = try description.integer("n_targets", default: 1)
        guard (1...1 << 20).contains(outputs) else { throw OperatorError("\(outputs) targets") }
        let aggregates: [TreeAggregate] = [.average, .sum, .minimum, .maximum]
        let transforms: [ScoreTransform] = [.none, .softmax, .logistic, .softmaxZero, .probit]
        let aggregate = try description.integer("aggregate_function", default: 1)
        let transform = try description.integer("post_transform", default: 0)
        guard aggregates.indices.contains(aggregate), transforms.indices.contains(transform) else {
            throw OperatorError("aggregate \(aggregate) or transform \(transform)")
        }
        let reader = TreeTableReader(description: description)
        return TreeRegressorKernel(
            tables: TreeTables(
                single: try reader.readCombined(Float.self, outputs: outputs),
                double: try reader.readCombined(Double.self, outputs: outputs), outputs: outputs,
                aggregate: aggregates[aggregate], bases: [], basesStandAlone: false),
            transform: transforms[transform], keepsType: true)
    }

    static let treeOperators: [String: OperatorEntry] = [
        "TreeEnsembleClassifier": OperatorEntry(1...classicalLast, 1...1, outputs: 1...2) {
            (description) throws(OperatorError) -> any OperatorKernel in try classifier(description)
        },
        "TreeEnsembleRegressor": OperatorEntry(1...classicalLast, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in try regressor(description)
        },
        "TreeEnsemble": OperatorEntry(5...classicalLast, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in try combined(description)
        },
    ]
}
