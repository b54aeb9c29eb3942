// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Registry

/// Decisions of operators, and what they leave on disk.
struct PolicyStoreTests {
    /// A registry with model `a` in versions 1 to 5, which need not be models.
    private func store(_ people: String? = nil) throws -> TestStore {
        let store = try TestStore()
        for version in 1...5 { try store.write([1], to: "a/\(version)/x") }
        if let people { try store.write(Array(people.utf8), to: "a/model.yaml") }
        return store
    }

    @discardableResult
    private func apply(_ change: PolicyChange, _ store: TestStore) throws -> PolicyStore.Outcome {
        try PolicyStore(model: "a", registryPath: store.root)
            .apply(change, actor: "ada", reason: "why", time: "2026-11-26T01:30:00Z")
    }

    private func policy(_ store: TestStore) throws -> ModelPolicy {
        try PolicyStore(model: "a", registryPath: store.root).state().policy
    }

    private func files(_ store: TestStore) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: store.path("a/.policy")).sorted()
    }

    @Test func aPromotion_movesTheDefaultOrTheAliasThatIsIt() throws {
        let plain = try store()
        let outcome = try apply(.promote(ModelVersion(4)), plain)
        #expect(outcome.revision == 0 && outcome.isNew && outcome.defaultVersion == ModelVersion(4))
        #expect(try policy(plain).defaultTarget == .version(ModelVersion(4)))
        #expect(try files(plain) == ["0000000000.json"])

        let named = try store(
            "default: champion\naliases: {champion: 3, canary: 5}\nsplit: {champion: 90, canary: 10}\n")
        try apply(.promote(ModelVersion(4)), named)
        let policy = try policy(named)
        #expect(policy.defaultTarget == .alias("champion") && policy.aliases["champion"] == ModelVersion(4))
        #expect(policy.split.count == 2)
    }

    @Test func aPromotion_endsASplitByNumbers() throws {
        let store = try store("split: {3: 90, 4: 10}\n")
        try apply(.promote(ModelVersion(4)), store)
        #expect(try policy(store).split.isEmpty)
    }

    @Test func theSameAgain_writesNothing() throws {
        let store = try store()
        try apply(.promote(ModelVersion(4)), store)
        let again = try apply(.promote(ModelVersion(4)), store)
        #expect(!again.isNew && again.revision == 0)
        #expect(try files(store) == ["0000000000.json"])
    }

    @Test func goingBack_goesFurtherBackEachTime() throws {
        let store = try store()
        for version in [2, 3, 4] { try apply(.promote(ModelVersion(Int64(version))), store) }
        var answers: [VersionTarget] = []
        for _ in 0..<3 {
            try apply(.rollBack(to: nil), store)
            answers.append(try policy(store).defaultTarget)
        }
        #expect(answers == [.version(ModelVersion(3)), .version(ModelVersion(2)), .latest])
        #expect(throws: RegistryError.self) { try apply(.rollBack(to: nil), store) }
        try apply(.rollBack(to: 2), store)
        #expect(try policy(store).defaultTarget == .version(ModelVersion(4)))
        #expect(throws: RegistryError.self) { try apply(.rollBack(to: 77), store) }
        #expect(try files(store).count == 7)
    }

    @Test func goingBackWithoutAnyDecision_takesTheVersionBeforeTheNewest() throws {
        let store = try store()
        try apply(.rollBack(to: nil), store)
        #expect(try policy(store).defaultTarget == .version(ModelVersion(4)))
        try apply(.unpin, store)
        #expect(try policy(store).defaultTarget == .latest)
    }

    @Test func otherDecisions_standInTheNextRevision() throws {
        let store = try store("aliases: {old: 1}\n")
        try apply(.alias("canary", ModelVersion(5)), store)
        try apply(.alias("old", nil), store)
        try apply(.split([.init(.alias("canary"), 1), .init(.version(ModelVersion(4)), 3)]), store)
        try apply(.shadow(.init(.version(ModelVersion(3)), percent: 50)), store)
        try apply(.retire(ModelVersion(2)), store)
        try apply(.pin(ModelVersion(4)), store)
        var policy = try policy(store)
        #expect(policy.aliases == ["canary": ModelVersion(5)])
        #expect(policy.split.isEmpty && policy.shadow?.percent == 50)
        #expect(policy.retired == [ModelVersion(2)] && policy.defaultTarget == .version(ModelVersion(4)))
        try apply(.restore(ModelVersion(2)), store)
        try apply(.shadow(nil), store)
        policy = try self.policy(store)
        #expect(policy.retired.isEmpty && policy.shadow == nil)
        let history = try PolicyStore(model: "a", registryPath: store.root).history()
        #expect(
            history.map(\.action) == [
                "alias", "alias", "split", "shadow", "retire", "pin", "restore", "shadow",
            ])
        #expect(history.allSatisfy { $0.actor == "ada" && $0.reason == "why" })
    }

    @Test func whatDoesNotFit_isRefusedAndWritesNothing() throws {
        let store = try store()
        #expect(throws: RegistryError.unknownVersion(model: "a", version: ModelVersion(9))) {
            try apply(.promote(ModelVersion(9)), store)
        }
        #expect(throws: RegistryError.self) { try apply(.split([.init(.alias("nobody"), 1)]), store) }
        try apply(.pin(ModelVersion(4)), store)
        #expect(throws: RegistryError.self) { try apply(.retire(ModelVersion(4)), store) }
        #expect(try files(store) == ["0000000000.json"])
        for name in ["", "..", "a/b", "b"] {
            #expect(throws: RegistryError.self) { try PolicyStore(model: name, registryPath: store.root) }
        }
        try store.write(Array("default: [".utf8), to: "a/model.yaml")
        #expect(throws: RegistryError.self) { try apply(.pin(ModelVersion(3)), store) }
    }

    @Test func changesAtTheSameTime_areAllKept() throws {
        let store = try store()
        let path = store.root
        let done = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            for round in 0..<4 {
                let change = PolicyChange.alias("w\(worker)-\(round)", ModelVersion(1))
                while true {
                    let applied = try? PolicyStore(model: "a", registryPath: path)
                        .apply(change, actor: "", reason: "", time: "")
                    if applied != nil { break }
                }
                done.withLock { $0 += 1 }
            }
        }
        #expect(done.withLock { $0 } == 16)
        #expect(try policy(store).aliases.count == 16)
        #expect(try files(store).count == 16)
    }

    // MARK: Deleting

    @Test func aVersionThatThePolicyNames_isNotDeleted() throws {
        let store = try store("default: champion\naliases: {champion: 4}\nshadow: {to: 2}\n")
        for (version, use) in [(4, "the default"), (2, "the shadow")] {
            #expect(
                throws: RegistryError.versionInUse(
                    model: "a", version: ModelVersion(Int64(version)), use: use)
            ) {
                try VersionRemoval.delete(
                    model: "a", version: ModelVersion(Int64(version)), registryPath: store.root)
            }
        }
        try VersionRemoval.delete(model: "a", version: ModelVersion(3), registryPath: store.root)
        #expect(throws: RegistryError.unknownVersion(model: "a", version: ModelVersion(3))) {
            try VersionRemoval.delete(model: "a", version: ModelVersion(3), registryPath: store.root)
        }
        #expect(try names(store) == ["1", "2", "4", "5", "model.yaml"])
    }

    @Test func aVersionThatIsALink_isDeletedWithoutWhatItLeadsTo() throws {
        let store = try store()
        try store.write([7], to: ".kept/x")
        try store.link("a/6", to: "../.kept")
        try VersionRemoval.delete(model: "a", version: ModelVersion(6), registryPath: store.root)
        #expect(FileManager.default.fileExists(atPath: store.path(".kept/x")))
        #expect(try !names(store).contains("6"))
    }

    @Test func collecting_keepsTheNewestAndTheNamedAndTheYoung() throws {
        let store = try store("aliases: {old: 1}\n")
        try store.write([1], to: "a/.publish-x/half")
        try store.write([1], to: "a/.delete-y/deep/er")
        var retention = VersionRemoval.Retention()
        retention.keep = 2
        retention.leftoverAge = 0
        let now = RegistryClock.system.wallClock() + 1_000_000_000
        var gone = try collect(store, retention, now: now, isRehearsal: true)
        #expect(gone == ["2", "3", ".delete-y", ".publish-x"])
        retention.age = 3_600_000_000_000
        #expect(try collect(store, retention, now: now) == [".delete-y", ".publish-x"])
        retention.age = 0
        gone = try collect(store, retention, now: now)
        #expect(gone == ["2", "3"])
        #expect(try names(store) == ["1", "4", "5", "model.yaml"])
        #expect(try collect(store, retention, now: now).isEmpty)
    }

    @Test func collecting_leavesYoungLeftoversToWhoeverMakesThem() throws {
        let store = try store()
        try store.write([1], to: "a/.publish-x/half")
        let gone = try collect(store, VersionRemoval.Retention(), now: RegistryClock.system.wallClock())
        #expect(gone.isEmpty)
    }

    private func collect(
        _ store: TestStore, _ retention: VersionRemoval.Retention, now: Int64, isRehearsal: Bool = false
    ) throws -> [String] {
        var gone: [String] = []
        try VersionRemoval.collect(
            registryPath: store.root, model: nil, retention: retention, wallClock: now,
            isRehearsal: isRehearsal
        ) { gone.append($0.version?.description ?? String($0.path.split(separator: "/").last ?? "")) }
        return gone
    }

    private func names(_ store: TestStore) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: store.path("a")).filter { !$0.hasPrefix(".") }
            .sorted()
    }
}
