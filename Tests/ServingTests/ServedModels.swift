// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Registry
import Serving
import Tabular
import Telemetry
import TestKit

/// Small models whose answers say what was read: linear ones with round coefficients.
enum ServedModels {
    /// A registry over a directory that is gone; its models stay in memory.
    private static let service = Result { try load() }

    static func model(_ name: String) throws -> (PredictService, ServedModel) {
        let service = try service.get()
        return (service, try service.resolve(name, version: nil))
    }

    private static let graphs: [String: ModelGraph] = [
        // a + 10 b
        "pair": linear(["a", "b"], [1, 10], [0], .identity),
        // x, give or take 2
        "sure": linear(
            ["x"], [1], [0], .identity, interval: PredictionInterval(level: 0.9, radius: 2, kind: .residual)),
        // logistic(x)
        "binary": linear(["x"], [1], [0], .logistic, .strings(["no", "yes"])),
        // softmax(x, y, 0)
        "classes": linear(["x", "y"], [1, 0, 0, 1, 0, 0], [0, 0, 0], .softmax, .integers([10, 20, 30])),
    ]

    private static func linear(
        _ names: [String], _ coefficients: [Double], _ intercepts: [Double], _ transform: OutputTransform,
        _ labels: ClassLabels? = nil, interval: PredictionInterval? = nil
    ) -> ModelGraph {
        ModelGraph(
            schema: FeatureSchema(features: names.map { Feature(name: $0, kind: .numeric) }),
            estimator: .linear(LinearModel(coefficients: coefficients, intercepts: intercepts)),
            output: OutputDescription(transform: transform, labels: labels, interval: interval))
    }

    private static func load() throws -> PredictService {
        try TemporaryDirectory.with { directory in
            for (name, graph) in graphs {
                try directory.makeDirectory("\(name)/1")
                try NativeModel.writeFile(graph, to: directory.path("\(name)/1/model.safetensors"))
            }
            return try PredictService(loading: directory)
        }
    }
}

extension PredictService {
    /// Of all models that the directory holds by now.
    convenience init(loading directory: TemporaryDirectory) throws {
        // An hour ahead: files that were written just now are at rest.
        let clock = RegistryClock(
            now: RegistryClock.system.now,
            wallClock: { RegistryClock.system.wallClock() + 3_600_000_000_000 })
        let registry = Registry(
            Registry.Configuration(path: directory.path), metrics: MetricRegistry(),
            logger: Logger(sink: .closure { _ in }), clock: clock)
        try registry.look()
        registry.waitForLoads()
        self.init(registry: registry)
    }
}
