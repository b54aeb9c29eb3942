// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Registry

struct PublisherTests {
    private func file(_ answer: Double) throws -> Publisher.File {
        Publisher.File(name: "model.safetensors", bytes: try TestModel.native(answer))
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test func versions_areNumberedFromTheGreatest() throws {
        let store = try TestStore()
        #expect(
            try Publisher.publish([file(1)], model: "a", registryPath: store.path("new/models")).number == 1)
        #expect(
            try Publisher.publish([file(2)], model: "a", registryPath: store.path("new/models")).number == 2)
        try store.write([1], to: "new/models/a/41/x")
        #expect(
            try Publisher.publish([file(3)], model: "a", registryPath: store.path("new/models")).number == 42)
        #expect(try names(store.path("new/models/a/42")) == ["manifest.json", "model.safetensors"])
        #expect(try names(store.path("new/models/a")) == ["1", "2", "41", "42"])
    }

    @Test func theManifest_saysWhatWasPublished() throws {
        let store = try TestStore()
        _ = try Publisher.publish(
            [Publisher.File(name: "a \"b\".txt", bytes: Array("hello world\n".utf8))], model: "m",
            registryPath: store.root, facts: [(name: "producer", value: "me")])
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: store.path("m/1/manifest.json"))))
        let manifest = try Manifest(bytes.span, path: "manifest.json")
        #expect(manifest.model == "m" && manifest.version.number == 1)
        #expect(
            manifest.files == [
                Manifest.File(
                    name: "a \"b\".txt", size: 12,
                    sha256: "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447")
            ])
        #expect(manifest.facts.first?.value == "me")
    }

    @Test(arguments: [
        "", "a/b", "../x", ".x", "manifest.json", "a\nb", "a\0b", String(repeating: "n", count: 256),
    ])
    func hostileFileNames_areRefused(_ name: String) throws {
        let store = try TestStore()
        #expect(throws: RegistryError.invalidFileName(name)) {
            try Publisher.publish([.init(name: name, bytes: [1])], model: "a", registryPath: store.root)
        }
        #expect(try names(store.root).isEmpty)
    }

    @Test(arguments: ["", "..", "a/b", ".a"])
    func hostileModelNames_areRefused(_ name: String) throws {
        let store = try TestStore()
        #expect(throws: RegistryError.invalidModelName(name)) {
            try Publisher.publish([file(1)], model: name, registryPath: store.root)
        }
    }

    @Test func concurrentPublishers_getVersionsOfTheirOwn() throws {
        let store = try TestStore()
        let bytes = try file(1)
        let versions = Mutex<[Int64]>([])
        let path = store.root
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for _ in 0..<10 {
                if let version = try? Publisher.publish([bytes], model: "a", registryPath: path) {
                    versions.withLock { $0.append(version.number) }
                }
            }
        }
        #expect(versions.withLock { $0.sorted() } == Array(1...40))
        for version in 1...40 {
            let text = try Data(contentsOf: URL(fileURLWithPath: store.path("a/\(version)/manifest.json")))
            #expect(try Manifest(Array(text).span, path: "").version.number == version)
        }
        #expect(try names(store.path("a")).count == 40)
    }

    /// A publisher that dies leaves the old versions, or the new one whole, and nothing that a reader looks
    /// at.
    @Test(arguments: Publisher.Step.allCases)
    func aPublisherThatDiesAtAStep_leavesTheOldOrTheNew(_ step: Publisher.Step) throws {
        let store = try TestStore()
        _ = try Publisher.publish([file(1)], model: "a", registryPath: store.root)
        try copyAsKilled(at: step, in: store)
        let visible = try names(store.path("a")).filter { !$0.hasPrefix(".") }
        #expect(visible == (step == .syncModel ? ["1", "2"] : ["1"]))
        try store.look()
        #expect(store.answer("a") == (step == .syncModel ? 2 : 1))
        #expect(store.registry.problems.isEmpty)
        let next = try Publisher.publish([file(3)], model: "a", registryPath: store.root)
        #expect(next.number == (step == .syncModel ? 3 : 2))
    }

    /// What a kill at `step` leaves: what is on disk then is kept aside and put back after the cleaning up.
    private func copyAsKilled(at step: Publisher.Step, in store: TestStore) throws {
        struct Killed: Error {}
        let model = store.path("a")
        let kept = store.path(".kept")
        let files = FileManager.default
        _ = try? Publisher.publish([file(2)], model: "a", registryPath: store.root) {
            at throws(RegistryError) in
            guard at == step else { return }
            try? files.copyItem(atPath: model, toPath: kept)
            throw .nothingToPublish
        }
        try files.removeItem(atPath: model)
        try files.moveItem(atPath: kept, toPath: model)
    }

    @Test func aFailedPublication_leavesNothing() throws {
        let store = try TestStore()
        for step in Publisher.Step.allCases where step != .syncModel {
            #expect(throws: RegistryError.self) {
                try Publisher.publish([file(2)], model: "a", registryPath: store.root) {
                    at throws(RegistryError) in
                    if at == step { throw .nothingToPublish }
                }
            }
            #expect(try names(store.path("a")).isEmpty, "\(step)")
        }
    }

    // MARK: Staging

    /// Becoming a registry, it would no longer be served as the model that it is.
    @Test func aSingleModelOrVersion_takesNoModels() throws {
        let store = try TestStore()
        try store.write(try TestModel.native(1), to: "churn/1/model.safetensors")
        for place in ["churn", "churn/1", "churn/1/model.safetensors"] {
            for name in ["fraud", "1"] {
                #expect(throws: RegistryError.notARegistry(path: store.path(place)), "\(place) \(name)") {
                    try VersionStaging(model: name, registryPath: store.path(place))
                }
            }
        }
        #expect(try names(store.path("churn")) == ["1"])
        #expect(try names(store.path("churn/1")) == ["model.safetensors"])
    }

    private func key() throws -> SigningKey { try SigningKey(pem: try TrustPolicyTests.text("p256.pem")) }

    @Test func aVersionThatIsSignedWhenItIsPublished_isTrusted() throws {
        let trust = TrustPolicyTests.require(try TrustPolicyTests.key("p256"))
        let store = try TestStore { $0.trust = trust }
        _ = try Publisher.publish([file(1)], model: "a", registryPath: store.root, signedBy: try key())
        #expect(try names(store.path("a/1")) == ["manifest.json", "model.safetensors", "model.sig"])
        try store.look()
        #expect(store.answer("a") == 1)
    }

    @Test func whatAServerWouldRefuse_isFoundBeforeItIsPublished() throws {
        let store = try TestStore()
        let staging = try VersionStaging(model: "a", registryPath: store.root)
        let broken = try TestModel.native(1, golden: 2)
        try staging.add("model.safetensors", broken.span)
        do {
            try staging.check()
            Issue.record("a model that does not reproduce its golden samples passed")
        } catch {
            #expect(error.code == "not_reproduced")
            #expect(error.description.contains("/a/new/model.safetensors"), "\(error.description)")
        }
        let unsigned = try VersionStaging(model: "a", registryPath: store.root)
        let good = try TestModel.native(1)
        try unsigned.add("model.safetensors", good.span)
        try unsigned.check()
        do {
            try unsigned.check(trust: TrustPolicyTests.require(try TrustPolicyTests.key("p256")))
            Issue.record("an unsigned version passed")
        } catch {
            #expect((error as? RegistryError)?.code == "unsigned")
        }
    }

    @Test func aManifestThatComesAlong_isKeptAndSaysTheNumber() throws {
        let store = try TestStore()
        _ = try Publisher.publish([file(1)], model: "a", registryPath: store.root, signedBy: try key())
        func stage(_ model: String) throws -> VersionStaging {
            let staging = try VersionStaging(model: model, registryPath: store.path("other"))
            for file in try names(store.path("a/1")) {
                let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: store.path("a/1/\(file)"))))
                try staging.add(file, bytes.span)
            }
            return staging
        }
        #expect(throws: RegistryError.wrongBinding(directory: "b", published: "a@1")) {
            try stage("b").check()
        }
        #expect(throws: RegistryError.wrongBinding(directory: "b", published: "a@1")) {
            try stage("b").commit()
        }
        #expect(try names(store.path("other/b")).isEmpty)
        func commit() throws -> VersionStaging.Published {
            let staging = try stage("a")
            try staging.check(trust: TrustPolicyTests.require(try TrustPolicyTests.key("p256")))
            return try staging.commit()
        }
        #expect(try commit().version == ModelVersion(1))
        #expect(throws: RegistryError.versionTaken(model: "a", version: ModelVersion(1))) { try commit() }
    }

    @Test func otherFilesThanThoseOfTheManifest_areRefused() throws {
        let store = try TestStore()
        _ = try Publisher.publish([file(1)], model: "a", registryPath: store.root)
        let manifest = Array(try Data(contentsOf: URL(fileURLWithPath: store.path("a/1/manifest.json"))))
        let model = try TestModel.native(2)
        let staging = try VersionStaging(model: "a", registryPath: store.path("other"))
        try staging.add("manifest.json", manifest.span)
        try staging.add("model.safetensors", model.span)
        do {
            _ = try staging.commit()
            Issue.record("published")
        } catch {
            #expect(error.code == "manifest_mismatch")
        }
        let lonely = try VersionStaging(model: "a", registryPath: store.path("other"))
        try lonely.add("model.safetensors", model.span)
        try lonely.add("model.sig", model.span)
        do {
            _ = try lonely.commit()
            Issue.record("published")
        } catch {
            #expect(error.code == "unbound_signature")
        }
    }
}
