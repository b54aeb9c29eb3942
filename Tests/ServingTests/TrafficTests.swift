// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Registry
import Synchronization
import Tabular
import Telemetry
import TestKit
import Testing

@testable import Serving

/// Which version a request gets, over a whole policy.
struct TrafficTests {
    private static func service(
        versions: ClosedRange<Int>, policy: String,
        _ body: (PredictService) throws -> Void
    ) throws {
        try TemporaryDirectory.with { directory in
            for version in versions {
                try directory.makeDirectory("m/\(version)")
                let graph = ModelGraph(
                    schema: FeatureSchema(features: [Feature(name: "x", kind: .numeric)]),
                    estimator: .linear(LinearModel(coefficients: [0], intercepts: [Double(version)])),
                    output: OutputDescription(transform: .identity))
                try NativeModel.writeFile(graph, to: directory.path("m/\(version)/model.safetensors"))
            }
            let text = Array(policy.utf8)
            try AtomicFile.write(text.span, to: directory.path("m/model.yaml"))
            try body(PredictService(loading: directory))
        }
    }

    private static let policy = """
        versions: [1, 2, 3]
        default: champion
        aliases: {champion: 2, canary: 3}
        split: {champion: 90, canary: 10}
        sticky: {header: X-User}
        limits: {concurrency: 2, queue: 1, deadline: 5ms}
        """

    @Test func everyWayToNameAVersion_leadsToIt() throws {
        try Self.service(versions: 1...4, policy: Self.policy) { service in
            let cases: [(model: String, version: String?, label: String?, expected: String)] = [
                ("m", "1", nil, "1"), ("m", "3", nil, "3"), ("m", nil, "champion", "2"),
                ("m", nil, "canary", "3"), ("m", nil, "latest", "3"), ("m@canary", nil, nil, "3"),
                ("m@latest", nil, nil, "3"), ("m", nil, nil, "2"),
            ]
            for (model, version, label, expected) in cases {
                let found = try service.resolve(model, version: version, label: label).version
                #expect(found == expected, "\(model) \(version ?? "-") \(label ?? "-")")
            }
            let failures: [(model: String, version: String?, label: String?, code: String)] = [
                ("x", nil, nil, "unknown_model"), ("x@canary", nil, nil, "unknown_model"),
                ("m", "9", nil, "unknown_version"), ("m", "4", nil, "not_ready"),
                ("m", nil, "nobody", "unknown_alias"), ("m@nobody", nil, nil, "unknown_alias"),
                ("m@canary", "1", nil, "unknown_model"), ("m@", nil, nil, "unknown_alias"),
            ]
            for (model, version, label, code) in failures {
                #expect {
                    try service.resolve(model, version: version, label: label)
                } throws: {
                    ($0 as? PredictError)?.code == code
                }
            }
        }
    }

    @Test func theSplit_isExactAndUsersStay() throws {
        try Self.service(versions: 1...3, policy: Self.policy) { service in
            var counts: [String: Int] = [:]
            for _ in 0..<100_000 {
                let version = try service.resolve(service.locate("m", version: nil)).version
                counts[version, default: 0] += 1
            }
            // Within a hundredth of the weights is asked for.
            #expect(abs(counts["3", default: 0] - 10_000) <= 100 && counts.count == 2, "\(counts)")
            var users: [String: Int] = [:]
            for user in 0..<2000 {
                let key = Array("user \(user)".utf8)
                let first = try service.resolve(service.locate("m", version: nil), key: key.span).version
                let again = try service.resolve(service.locate("m", version: nil), key: key.span).version
                #expect(first == again)
                users[first, default: 0] += 1
            }
            #expect((130...270).contains(users["3", default: 0]), "\(users)")
        }
    }

    /// It is loaded after a request has looked at what answers, and before it asks whether to wait.
    @Test func aModelThatArrivesMeanwhile_isNotTakenForAbsent() throws {
        try Self.service(versions: 1...1, policy: "load: first_use") { service in
            let slot = try #require(service.registry.view.models["m"])
            let seen = PredictService.Destination(slot: slot, entry: slot.entry, fixed: nil)
            service.whenLoaded("m") {}
            service.registry.waitForLoads()
            #expect {
                try service.resolve(seen)
            } throws: { error in
                if case .notLoaded(model: "m") = error as? PredictError { true } else { false }
            }
            // Whoever waits is called at once, and answered.
            let isCalled = Mutex(false)
            service.whenLoaded("m") { isCalled.withLock { $0 = true } }
            #expect(isCalled.withLock { $0 })
            #expect(try service.resolve("m", version: nil).version == "1")
        }
    }

    @Test func limits_areThoseOfThePolicy() throws {
        try Self.service(versions: 1...3, policy: Self.policy) { service in
            let model = try service.resolve("m", version: "1")
            #expect(model.deadline == 5_000_000)
            #expect(model.enter() && model.enter() && !model.enter())
            // The places are the model's, whatever its versions.
            #expect(try !service.resolve("m", version: "2").enter())
            model.leave()
            #expect(model.enter())
        }
        try Self.service(versions: 1...1, policy: "default: latest") { service in
            let model = try service.resolve("m", version: nil)
            #expect(model.deadline == nil && (0..<10).allSatisfy { _ in model.enter() })
        }
    }
}
