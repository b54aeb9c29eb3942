// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import Testing

@testable import Registry

/// `samples.jsonl` beside files that other libraries wrote, with what those libraries predicted.
struct SamplesBesideModelsTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .appending(path: "../../Fixtures/models").standardized

    /// The first three rows, a line each, with predictions that are wrong by `shift`.
    private func samples(_ folder: String, shift: Double = 0) throws -> [UInt8] {
        let bytes = Array(try Data(contentsOf: Self.fixtures.appending(path: "\(folder)/case.json")))
        let record = try JSONValue.parse(bytes.span)
        var lines = ""
        for row in 0..<3 {
            let inputs: [JSONValue]
            if let rows = record["input"]?["rows"]?.array {
                inputs = rows[row].array ?? []
            } else {
                let x = try #require(record["input"]?["inputs"]?["X"]?["data"]?.array)
                inputs = Array(x[row * 10..<(row + 1) * 10])
            }
            let prediction = try #require(record["expected"]?["predict"]?.array?[row].double)
            let numbers = inputs.map { $0.double.map { "\($0)" } ?? "null" }.joined(separator: ",")
            lines +=
                #"{"inputs":[\#(numbers)],"predictions":[\#(prediction + shift)],"tolerance":1e-4}"# + "\n"
        }
        return Array(lines.utf8)
    }

    @Test(arguments: [
        ("xgboost/xgb12_binary_logitraw", "model.json"), ("lightgbm/lgb_binary", "model.txt"),
        ("skops/skops_ridge", "model.skops"), ("onnx/sk_ridge", "model.onnx"),
    ]) func otherLibrariesSamples_areReproducedOrTheVersionIsRefused(folder: String, file: String) throws {
        let store = try TestStore()
        let model = Array(try Data(contentsOf: Self.fixtures.appending(path: "\(folder)/\(file)")))
        for (version, shift) in [("1", 0), ("2", 0.01)] {
            try store.write(model, to: "risk/\(version)/\(file)")
            try store.write(try samples(folder, shift: shift), to: "risk/\(version)/samples.jsonl")
        }
        try store.look()
        #expect(store.states("risk") == ["1 ready", "2 refused"])
        #expect(store.registry.view.models["risk"]?.newest?.goldenSampleCount == 3)
    }
}
