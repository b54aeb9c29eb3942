// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Tabular

/// Asks a model about rows whose features are changed one at a time. Holds the rows, so give it a sample.
struct ModelProbe: ~Copyable {
    private let model: CompiledModel
    private let target: Target
    private let truth: [Double]
    private let weights: [Double]?
    private let smallest: Double
    private var block = RowBlock()
    private var predictions = Predictions()
    private var scratch = InferenceScratch()

    init(_ evaluator: Evaluator, _ table: Table, rows: [Int], target: Target) {
        model = evaluator.model
        self.target = target
        truth = rows.map { target.values[$0] }
        weights = target.weights.map { weights in rows.map { weights[$0] } }
        smallest = evaluator.outputType == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
        table.fill(&block, rows: rows[...], schema: model.schema, as: model.inputType)
    }

    var rowCount: Int { truth.count }

    /// What the model says of the rows as they are now.
    mutating func answers() -> Answers {
        model.predict(block, into: &predictions, scratch: &scratch)
        var values: [Double] = []
        values.reserveCapacity(rowCount * max(target.classCount, 1))
        for row in 0..<rowCount {
            let answer = (0..<predictions.width).map { predictions.values.value(row: row, column: $0) }
            Answers.append(answer, of: target, to: &values)
        }
        return Answers(
            values: values, truth: truth, task: target.task, classCount: target.classCount,
            smallest: smallest, weights: weights)
    }

    func column(_ index: Int) -> [Double] { (0..<rowCount).map { block.value(row: $0, column: index) } }

    mutating func set(_ values: [Double], column: Int) {
        for (row, value) in values.enumerated() { block.set(value, row: row, column: column) }
    }

    /// Shuffles each feature `repeats` times and puts it back; the largest loss first.
    mutating func importances(repeats: Int, seed: UInt64) -> [FeatureImportance] {
        let contributions = contributions()
        let base = answers().loss
        var random = RandomSource(seed: seed)
        var found: [FeatureImportance] = []
        for (index, feature) in model.schema.features.enumerated() {
            let own = column(index)
            var growths: [Double] = []
            for _ in 0..<repeats {
                var order = Array(0..<rowCount)
                random.shuffle(&order)
                set(order.map { own[$0] }, column: index)
                growths.append(answers().loss - base)
            }
            set(own, column: index)
            let (mean, variance) = FittedStages.moments(growths)
            found.append(
                FeatureImportance(
                    feature: feature.name, permutation: mean, permutationDeviation: variance.squareRoot(),
                    contribution: contributions?[index]))
        }
        return found.enumerated().sorted {
            $0.element.permutation != $1.element.permutation
                ? $0.element.permutation > $1.element.permutation : $0.offset < $1.offset
        }.map(\.element)
    }

    /// The mean magnitude of each feature's contributions.
    private mutating func contributions() -> [Double]? {
        guard let output = model.outputs.first(where: { $0.kind == .contributions }), rowCount > 0 else {
            return nil
        }
        model.explain(block, into: &predictions, scratch: &scratch)
        let featureCount = model.schema.count
        let outputs = (output.width ?? 1) / (featureCount + 1)
        var sums = [Double](repeating: 0, count: featureCount)
        for row in 0..<rowCount {
            for output in 0..<outputs {
                for feature in 0..<featureCount {
                    let column = output * (featureCount + 1) + feature
                    sums[feature] += abs(predictions.contributions.value(row: row, column: column))
                }
            }
        }
        return sums.map { $0 / Double(rowCount) }
    }

    /// At most this many lines, points of a number, and categories.
    private static let (lineMax, pointMax, categoryMax) = (8, 24, 12)

    /// Nil for a feature without any value.
    mutating func dependence(of feature: String) -> PartialDependence? {
        guard let index = model.schema.features.firstIndex(where: { $0.name == feature }) else { return nil }
        let own = column(index)
        let points: PartialDependence.Points
        let values: [Double]
        switch model.schema.features[index].kind {
        case .text: return nil
        case .numeric, .date:
            let sorted = own.filter(\.isFinite).sorted()
            guard !sorted.isEmpty else { return nil }
            // The middle 98 %: the few beyond would stretch the axis and say little.
            let levels = (0..<Self.pointMax).map { 0.01 + 0.98 * Double($0) / Double(Self.pointMax - 1) }
            let grid = levels.map { Bootstrap.quantile(sorted, $0) }
            values = grid.indices.filter { $0 == 0 || grid[$0] > grid[$0 - 1] }.map { grid[$0] }
            points = .numbers(values)
        case .categorical(let categories):
            values = categories.indices.prefix(Self.categoryMax).map(Double.init)
            points = .categories(Array(categories.prefix(Self.categoryMax)))
        }
        let lines = target.classCount == 2 ? [1] : Array(0..<max(target.classCount, 1)).prefix(Self.lineMax)
        var means = [[Double]](repeating: [], count: lines.count)
        for value in values {
            set([Double](repeating: value, count: rowCount), column: index)
            let answers = answers()
            for (place, line) in lines.enumerated() {
                means[place].append(answers.column(line).reduce(0, +) / Double(rowCount))
            }
        }
        set(own, column: index)
        return PartialDependence(
            feature: feature, points: points,
            lines: zip(lines, means).map { PartialDependence.Line(label: target.label($0), means: $1) })
    }
}
