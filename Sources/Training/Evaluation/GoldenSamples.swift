// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Tabular

/// Picks rows whose answers travel with the model: real ones, one with a missing value, one with an unseen
/// category.
enum GoldenSamples {
    private static let realRowCount = 6

    /// Rows of `rows`, evenly spread, and two altered ones, answered by the serving kernels.
    static func make(
        _ graph: ModelGraph, _ table: Table, rows: [Int]
    ) throws(TrainingError) -> [GoldenSample] {
        guard let first = rows.first else { return [] }
        let step = max(1, rows.count / realRowCount)
        var inputs = stride(from: 0, to: rows.count, by: step).prefix(realRowCount)
            .map { sample(table, rows[$0], graph.schema) }
        var missing = sample(table, first, graph.schema)
        missing[0] = .missing
        inputs.append(missing)
        if let column = graph.schema.features.firstIndex(where: {
            if case .categorical = $0.kind { true } else { false }
        }) {
            var unseen = sample(table, first, graph.schema)
            unseen[column] = .category(unseenName(graph.schema.features[column]))
            inputs.append(unseen)
        }
        let samples = inputs.map {
            GoldenSample(inputs: $0, predictions: [], tolerance: tolerance(graph.estimator))
        }
        return try answered(samples, graph)
    }

    /// A network's last bits depend on the CPU.
    private static func tolerance(_ estimator: Estimator) -> Double {
        if case .multilayerPerceptron = estimator { 1e-5 } else { 0 }
    }

    private static func sample(_ table: Table, _ row: Int, _ schema: FeatureSchema) -> [SampleValue] {
        schema.features.map { feature in
            switch table[feature.name] {
            // A sample holds finite numbers only.
            case .numeric(let values): values[row].isFinite ? .number(values[row]) : .missing
            case .date(let values): date(values[row])
            case .text(let texts): texts[row].map { .category($0) } ?? .missing
            case .categorical(let codes, let categories):
                codes[row] == Column.missingCode ? .missing : .category(categories[Int(codes[row])])
            case nil: .missing
            }
        }
    }

    /// As people write it, where that is the same number.
    private static func date(_ seconds: Double) -> SampleValue {
        guard seconds.isFinite else { return .missing }
        guard seconds.magnitude < 1e11 else { return .number(seconds) }
        let text = DateText.format(seconds)
        return DateText.parse(text) == seconds ? .category(text) : .number(seconds)
    }

    /// A name that the feature's list does not have.
    private static func unseenName(_ feature: Feature) -> String {
        guard case .categorical(let categories) = feature.kind else { return "" }
        var name = "unseen"
        while categories.contains(name) { name += " again" }
        return name
    }

    private static func answered(
        _ samples: [GoldenSample], _ graph: ModelGraph
    ) throws(TrainingError) -> [GoldenSample] {
        let model: CompiledModel
        do { model = try CompiledModel(graph) } catch { throw .notReproduced(error.description) }
        let index = SchemaIndex(graph.schema)
        var block = RowBlock()
        block.reset(columnCount: graph.schema.count, numberType: model.inputType)
        block.appendRows(samples.count)
        for (row, sample) in samples.enumerated() {
            for (column, value) in sample.inputs.enumerated() {
                switch value {
                case .missing: break
                case .number(let number): block.set(number, row: row, column: column)
                case .category(let name): _ = index.store(name, into: &block, row: row, column: column)
                }
            }
        }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.predict(block, into: &predictions, scratch: &scratch)
        var answered = samples
        for row in samples.indices {
            answered[row].predictions = (0..<predictions.width).map {
                predictions.values.value(row: row, column: $0)
            }
        }
        // One by one, as the daemon will check them.
        if let mismatch = model.verify(answered).first { throw .notReproduced(mismatch.description) }
        return answered
    }
}
