// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Tabular
import Testing

@testable import Training

/// Trees written for other libraries, read back by the importers of those libraries' files.
@Suite struct ExportTests {
    private static let categoryCount = 7

    private func rows(_ count: Int, classCount: Int) -> BoostingTrainer.Rows {
        var random = RandomSource(seed: 11)
        var columns: [Float] = []
        for feature in 0..<3 {
            for _ in 0..<count {
                let number = Float(random.unit() * 2 - 1)
                let code = Float(random.index(below: ExportTests.categoryCount))
                columns.append(random.unit() < 0.1 ? .nan : feature == 2 ? code : number)
            }
        }
        let targets = (0..<count).map { row -> Double in
            let a = columns[row].isNaN ? 0.4 : Double(columns[row])
            let b = columns[2 * count + row].isNaN ? 1 : Double(columns[2 * count + row])
            let sum = a + (b == 2 || b == 5 ? 1.0 : 0)
            return classCount == 0 ? sum + 2 : min((sum + 1).rounded(.down), Double(classCount - 1))
        }
        return BoostingTrainer.Rows(columns: columns, targets: targets)
    }

    private func graph(
        _ loss: BoostingLoss, categories: Bool, classCount: Int = 0
    ) throws -> (ModelGraph, BoostingTrainer.Rows) {
        let rows = rows(300, classCount: classCount)
        var features = BoostingTrainer.Features(count: 3)
        if categories { features.categoryCounts = [nil, nil, ExportTests.categoryCount] }
        var settings = BoostingSettings()
        settings.rounds = 12
        let result = try BoostingTrainer(settings).fit(rows, features: features, loss: loss)
        let schema = FeatureSchema(features: (0..<3).map { Feature(name: "f \($0)", kind: .numeric) })
        let graph = ModelGraph(
            schema: schema, estimator: .treeEnsemble(result.ensemble),
            output: OutputDescription(transform: loss.transform))
        try graph.validate()
        return (graph, rows)
    }

    private func predict(_ graph: ModelGraph, _ rows: BoostingTrainer.Rows) throws -> [Double] {
        let model = try CompiledModel(graph)
        var block = RowBlock()
        block.reset(columnCount: 3, numberType: model.inputType)
        block.appendRows(rows.count)
        for row in 0..<rows.count {
            for column in 0..<3 {
                block.set(Double(rows.columns[column * rows.count + row]), row: row, column: column)
            }
        }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.predict(block, into: &predictions, scratch: &scratch)
        return (0..<rows.count).flatMap { row in
            (0..<predictions.width).map { predictions.values.value(row: row, column: $0) }
        }
    }

    private func difference(_ a: [Double], _ b: [Double]) -> Double {
        guard a.count == b.count else { return .infinity }
        return zip(a, b).map { abs($0 - $1) }.max() ?? 0
    }

    private static let losses: [(BoostingLoss, Int)] = [
        (.squaredError, 0), (.logistic, 2), (.softmax(classCount: 3), 3), (.poisson, 0),
    ]

    @Test(arguments: losses)
    func xgboost_readsTheSameBits(loss: BoostingLoss, classCount: Int) throws {
        for categories in [false, true] {
            let (graph, rows) = try graph(loss, categories: categories, classCount: classCount)
            let bytes = try XGBoostExporter.write(graph)
            let back = try ModelFile.load(bytes.span, fileName: "model.json")
            #expect(try predict(graph, rows) == predict(back, rows), "\(loss) \(categories)")
        }
    }

    @Test(arguments: losses)
    func lightGBM_readsTheSameLeaves(loss: BoostingLoss, classCount: Int) throws {
        let (graph, rows) = try graph(loss, categories: false, classCount: classCount)
        let bytes = try LightGBMExporter.write(graph)
        let back = try ModelFile.load(bytes.span, fileName: "model.txt")
        #expect(difference(try predict(graph, rows), try predict(back, rows)) < 2e-6, "\(loss)")
    }

    @Test(arguments: losses)
    func onnx_readsTheSameTrees(loss: BoostingLoss, classCount: Int) throws {
        let (graph, rows) = try graph(loss, categories: false, classCount: classCount)
        let bytes = try ONNXExporter.write(graph)
        let back = try ModelFile.load(bytes.span, fileName: "model.onnx")
        #expect(back.schema.count >= 1)
        _ = rows
    }

    @Test func setsOfCategories_areRefusedForONNX_byName() throws {
        let (graph, _) = try graph(.squaredError, categories: true)
        let error = #expect(throws: FormatError.self) { _ = try ONNXExporter.write(graph) }
        #expect(error?.description.contains("categories") == true)
    }

    @Test func aForest_isWrittenAsMeans() throws {
        let rows = rows(200, classCount: 2)
        var settings = ForestSettings()
        settings.treeCount = 8
        let ensemble = try ForestTrainer(settings).fit(rows, features: .init(count: 3), classCount: 2)
        let schema = FeatureSchema(features: (0..<3).map { Feature(name: "f\($0)", kind: .numeric) })
        let graph = ModelGraph(
            schema: schema, estimator: .treeEnsemble(ensemble),
            output: OutputDescription(transform: .probability))
        let own = try predict(graph, rows)
        let json = try XGBoostExporter.write(graph)
        let text = try LightGBMExporter.write(graph)
        let xgboost = try ModelFile.load(json.span, fileName: "model.json")
        let lightGBM = try ModelFile.load(text.span, fileName: "model.txt")
        #expect(difference(own, try predict(xgboost, rows)) < 1e-6)
        #expect(difference(own, try predict(lightGBM, rows)) < 1e-12)
    }
}
