// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import Testing

@testable import Registry

/// Policies in a registry: when they apply, and what they do to the versions.
struct PolicyInForceTests {
    private func store(_ versions: ClosedRange<Int>, policy: String? = nil) throws -> TestStore {
        let store = try TestStore()
        for version in versions {
            try store.write(TestModel.native(Double(version)), to: "m/\(version)/model")
        }
        if let policy { try store.write(Array(policy.utf8), to: "m/model.yaml") }
        try store.look()
        return store
    }

    private func write(_ policy: String, _ store: TestStore) throws {
        try store.write(Array(policy.utf8), to: "m/model.yaml")
        try store.settle()
    }

    private func revise(_ number: Int64, _ members: String, _ store: TestStore) throws {
        let text = "{\"modeld_policy\":1,\"model\":\"m\",\"revision\":\(number)\(members)}"
        try store.write(Array(text.utf8), to: "m/.policy/\(PolicyRevision.fileName(number))")
        try store.look()
    }

    private func answer(_ store: TestStore) -> Double? {
        store.registry.view.models["m"]?.entry.defaultModel.map { TestModel.answer(of: $0) }
    }

    private func alias(_ name: String, _ store: TestStore) -> Double? {
        store.registry.view.models["m"]?.entry.alias(name).map { TestModel.answer(of: $0) }
    }

    /// The policy at the start, and the versions that are ready; 9 is broken.
    @Test(arguments: [
        ("", ["4", "5"], 5.0),
        ("versions: {latest: 1}", ["5"], 5),
        ("versions: all", ["1", "2", "3", "4", "5"], 5),
        ("versions: [1, 3, 9]", ["1", "3"], 3),
        ("default: 2", ["2", "4", "5"], 2),
        ("{default: old, aliases: {old: 1}}", ["1", "4", "5"], 1),
        ("{versions: [4], split: {2: 1, 3: 1}}", ["2", "3", "4"], 4),
        ("{versions: [4], shadow: {to: 1}}", ["1", "4"], 4),
    ])
    func theNamedVersions_areServed(policy: String, ready: [String], expected: Double) throws {
        let store = try store(1...5, policy: policy)
        let versions = store.registry.view.models["m"]?.ready.map(\.versionText).sorted()
        #expect(versions == ready, "\(store.states("m"))")
        #expect(answer(store) == expected)
        #expect(store.registry.isReady)
    }

    @Test func aChangedFile_appliesWhenItIsAtRest() throws {
        let store = try store(1...3, policy: "default: 3")
        #expect(answer(store) == 3)
        store.clock.makeFilesYoung()
        try store.write(Array("default: 1".utf8), to: "m/model.yaml")
        try store.look()
        #expect(answer(store) == 3)
        store.clock.advance(seconds: 1.1)
        try store.look()
        #expect(answer(store) == 1)
        try store.remove("m/model.yaml")
        try store.settle()
        #expect(answer(store) == 3)
    }

    @Test func aWrongPolicy_neverReplacesAGoodOne() throws {
        let store = try store(1...3, policy: "default: 2")
        try write("default: nobody", store)
        #expect(answer(store) == 2)
        let lines = store.log.filter { $0.contains("policy was refused") }
        #expect(lines.count == 1 && lines[0].contains("model.yaml") && lines[0].contains("nobody"))
        try store.look()
        #expect(store.log.filter { $0.contains("policy was refused") }.count == 1)
        try write("default: 1", store)
        #expect(answer(store) == 1)
    }

    @Test func aModelWhoseFirstPolicyIsWrong_isNotServed() throws {
        let store = try store(1...1, policy: "versions: [1")
        #expect(answer(store) == nil && store.states("m") == ["1 unloaded"])
        #expect(store.registry.unavailabilityReason(of: "m").contains("model.yaml: line"))
        #expect(store.registry.isReady)
        try write("versions: [1]", store)
        #expect(answer(store) == 1)
    }

    @Test func aRevision_countsAtOnceAndCoversTheFile() throws {
        let store = try store(1...3, policy: "{default: 3, aliases: {old: 1}}")
        try revise(1, ",\"default\":2", store)
        #expect(answer(store) == 2 && alias("old", store) == 1)
        try revise(2, ",\"aliases\":{\"old\":3},\"default\":\"old\"", store)
        #expect(answer(store) == 3 && alias("old", store) == 3)
        // The newest is the whole of what programs decided.
        try revise(10, "", store)
        #expect(answer(store) == 3 && alias("old", store) == 1)
        // One that is wrong changes nothing.
        try revise(11, ",\"default\":\"nobody\"", store)
        #expect(answer(store) == 3)
        try revise(12, ",\"default\":1", store)
        #expect(answer(store) == 1)
    }

    @Test func aPromotion_waitsForItsVersion() throws {
        let store = try store(1...3, policy: "default: 3")
        // The version is not there yet, then it is broken, then it is good.
        try revise(1, ",\"default\":4", store)
        #expect(answer(store) == 3)
        #expect(store.log.contains { $0.contains("policy waits for versions") && $0.contains("4") })
        try store.write([1, 2, 3], to: "m/4/model")
        try store.settle()
        #expect(answer(store) == 3)
        try store.write(TestModel.native(4), to: "m/4/model")
        try store.settle()
        #expect(answer(store) == 4)
    }

    @Test func theVersionOfTheFormerPolicy_staysUntilTheNewOneAnswers() throws {
        let store = try store(1...5, policy: "{versions: [1]}")
        #expect(store.registry.view.models["m"]?.ready.map(\.versionText) == ["1"])
        try store.write([1], to: "m/7/model")
        try write("versions: [7]", store)
        #expect(answer(store) == 1)
        try store.write(TestModel.native(7), to: "m/7/model")
        try store.settle()
        #expect(answer(store) == 7)
        try store.look()
        #expect(store.states("m").contains("1 unloaded"))
    }

    @Test func aRetiredVersion_leavesWhateverNamesIt() throws {
        let store = try store(1...3)
        try revise(1, ",\"retired\":[3]", store)
        #expect(answer(store) == 2)
        try store.look()
        #expect(store.states("m") == ["1 ready", "2 ready", "3 unloaded"])
    }

    @Test func memoryBeyondTheLimit_isRefused() throws {
        let store = try store(1...2, policy: "limits: {memory: 1KiB}")
        let wide = try TestModel.wide(5000)
        try store.write(wide, to: "m/3/model")
        try store.settle()
        #expect(store.states("m") == ["1 ready", "2 ready", "3 refused"])
        try write("limits: {memory: 1MiB}", store)
        #expect(store.states("m").suffix(2) == ["2 ready", "3 ready"])
    }

    @Test func warmUpRows_areAsked() throws {
        let store = try store(
            1...1, policy: "warm_up: {repeat: 3, inputs: [[1], [~], [red], [1, 2]]}")
        #expect(store.registry.view.models["m"]?.newest?.warmUpCount == 2)
    }

    @Test func theStates_standInTheLogInTheirOrder() throws {
        let store = try store(1...1)
        try store.write(TestModel.native(2), to: "m/2/model")
        try store.write(TestModel.native(3), to: "m/3/model")
        try store.settle()
        try store.look()
        func states(_ version: Int) -> [String] {
            store.log.filter { $0.contains("changed its state") && $0.contains("version=\(version) ") }
                .compactMap {
                    $0.split(separator: "state=").last?.split(separator: "\n").first.map(String.init)
                }
        }
        #expect(states(2) == ["verifying", "loading", "warming"])
        #expect(states(1) == ["verifying", "loading", "warming", "unloaded"])
    }
}
