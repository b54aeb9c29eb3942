// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Tabular
import Testing

@testable import Training

@Suite struct IsolationForestTests {
    private func columns(_ rows: Int, outlier: Float) -> [Float] {
        var random = RandomSource(seed: 4)
        var columns: [Float] = []
        for _ in 0..<2 {
            for _ in 1..<rows { columns.append(Float(random.unit() + random.unit() - 1)) }
            columns.append(outlier)
        }
        return columns
    }

    private func scores(_ ensemble: TreeEnsemble, _ columns: [Float], _ rows: Int) throws -> [Double] {
        let schema = FeatureSchema(features: (0..<2).map { Feature(name: "f\($0)", kind: .numeric) })
        let graph = ModelGraph(
            schema: schema, estimator: .treeEnsemble(ensemble),
            output: OutputDescription(transform: .exponential))
        try graph.validate()
        let model = try CompiledModel(graph)
        var block = RowBlock()
        block.reset(columnCount: 2, numberType: model.inputType)
        block.appendRows(rows)
        for row in 0..<rows {
            for column in 0..<2 { block.set(Double(columns[column * rows + row]), row: row, column: column) }
        }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.predict(block, into: &predictions, scratch: &scratch)
        return (0..<rows).map { predictions.values.value(row: $0, column: 0) }
    }

    @Test func theMeanDepth_isThatOfTheDefinition() {
        // scikit-learn's _average_path_length.
        let expected = [
            (1, 0.0), (2, 1.0), (5, 2.327_020_052_042_847), (256, 10.244_770_920_119_917),
            (999, 12.967_939_884_427_995),
        ]
        for (count, depth) in expected {
            #expect(abs(IsolationForest.meanDepth(count) - depth) < 1e-12, "\(count)")
        }
    }

    @Test func aRowFarAway_scoresHighest_andTheThreadsDoNotMatter() throws {
        let columns = columns(500, outlier: 6)
        let one = try IsolationForest(threadCount: 1).fit(columns: columns, rowCount: 500, featureCount: 2)
        let two = try IsolationForest(threadCount: 2).fit(columns: columns, rowCount: 500, featureCount: 2)
        #expect(one == two)
        let scores = try scores(one, columns, 500)
        #expect(scores[499] == scores.max())
        #expect(scores[499] > 0.75 && scores.allSatisfy { $0 > 0 && $0 <= 1 })
        #expect(scores.dropLast().reduce(0, +) / 499 < 0.55)
    }

    @Test func theScore_isTwoToTheDepths() throws {
        var settings = IsolationForest.Settings()
        settings.treeCount = 1
        settings.sampleRows = 2
        // Two rows of one tree: each stands alone at depth 1, and c(2) is 1.
        let ensemble = try IsolationForest(settings).fit(
            columns: [0, 1, 5, 5], rowCount: 2, featureCount: 2)
        #expect(ensemble.nodeCount == 3 && ensemble.features[0] == 0)
        for score in try scores(ensemble, [0, 1, 5, 5], 2) { #expect(abs(score - 0.5) < 1e-15) }
    }

    @Test func aMissingValue_goesWhereMostRowsGo() throws {
        var columns = columns(300, outlier: 4)
        for row in stride(from: 0, to: 299, by: 5) { columns[row] = .nan }
        let ensemble = try IsolationForest().fit(columns: columns, rowCount: 300, featureCount: 2)
        #expect(try scores(ensemble, columns, 300).allSatisfy { $0 > 0.2 && $0 < 1 })
    }

    @Test func rowsThatAreAllAlike_cannotBeToldApart() throws {
        let ensemble = try IsolationForest().fit(
            columns: [Float](repeating: 2, count: 100), rowCount: 50, featureCount: 2)
        #expect(ensemble.nodeCount == 100)
        let scores = try scores(ensemble, [Float](repeating: 2, count: 100), 50)
        #expect(scores.allSatisfy { abs($0 - 0.5) < 1e-12 })
    }
}
