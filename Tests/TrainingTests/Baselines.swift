// SPDX-License-Identifier: Apache-2.0
import Foundation
import Ingest
import Tabular
import Testing

@testable import Training

/// The data sets with a recorded split, and what scikit-learn and XGBoost make of them.
enum Baselines {
    static func path(_ name: String) -> String {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<2 { url.deleteLastPathComponent() }
        return url.appendingPathComponent("Fixtures/data/\(name)").path
    }

    static func table(_ name: String) throws -> Table { try TableLoader().load(path("\(name).csv")).table }

    static func trainer(_ name: String) throws -> ModelTrainer {
        let table = try table(name)
        let target = try Target("target", in: table, task: nil)
        let split = try Split(.column("split"), table: table, target: target)
        return try ModelTrainer(table, target: target, split: split, excluding: ["split"])
    }

    private static func result(_ data: String, _ model: String) throws -> [String: Any] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path("baselines.json")))
        let all = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        let results = try #require(all["results"] as? [String: [String: [String: Any]]])
        return try #require(results[data]?[model])
    }

    static func metric(_ data: String, _ model: String, _ name: String) throws -> Double {
        try #require(try result(data, model)[name] as? Double)
    }

    /// The coefficients, row-major, and the intercepts.
    static func optimum(_ data: String, _ model: String) throws -> (
        coefficients: [Double], intercepts: [Double]
    ) {
        let result = try result(data, model)
        let coefficients = (result["coef"] as? [[Double]])?.flatMap { $0 } ?? result["coef"] as? [Double]
        let intercepts = result["intercept"] as? [Double] ?? (result["intercept"] as? Double).map { [$0] }
        return (try #require(coefficients), try #require(intercepts))
    }
}
