// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import Foundation
import Glibc
import Synchronization
import Telemetry
import Testing

@testable import Registry

struct RegistryTests {
    @Test func atTheStart_theNewestVersionsAreServed() throws {
        let store = try TestStore()
        for version in 1...4 {
            try store.write(TestModel.native(Double(version)), to: "churn/\(version)/model")
        }
        try store.look()
        #expect(store.answer("churn") == 4)
        #expect(store.answer("churn", version: "4") == 4)
        #expect(store.answer("churn", version: "3") == 3)
        #expect(store.answer("churn", version: "2") == nil)
        #expect(store.answer("churn", version: "03") == nil)
        #expect(store.states("churn") == ["1 unloaded", "2 unloaded", "3 ready", "4 ready"])
        #expect(store.registry.isReady)
        let loaded = try #require(store.registry.view.models["churn"]?.newest)
        #expect(loaded.platform == "modeld_safetensors" && loaded.versionText == "4")
        #expect(loaded.digest.utf8.count == 64 && loaded.goldenSampleCount == 1)
    }

    @Test func filesOfOtherLibraries_areServed() throws {
        let store = try TestStore()
        try store.write(TestModel.xgboost(), to: "risk/1/whatever.json")
        try store.look()
        #expect(store.registry.view.models["risk"]?.newest?.platform == "xgboost_json")
    }

    @Test func anEmptyRegistry_isReady() throws {
        let store = try TestStore()
        #expect(!store.registry.isReady)
        try store.look()
        #expect(store.registry.isReady && store.registry.view.models.isEmpty)
    }

    @Test func aMissingRegistry_isNotReadyAndThrows() throws {
        let store = try TestStore(serving: "nowhere")
        #expect(throws: RegistryError.self) { try store.registry.start() }
        #expect(!store.registry.isReady)
    }

    @Test func aNewVersion_goesLiveAndAnOldOneLeaves() throws {
        let store = try TestStore()
        try store.write(TestModel.native(1), to: "churn/1/model")
        try store.write(TestModel.native(2), to: "churn/2/model")
        try store.look()
        var held = store.registry.view.models["churn"]?.version(named: "1")
        try store.write(TestModel.native(3), to: "churn/3/model")
        try store.settle()
        #expect(store.answer("churn") == 3)
        #expect(store.states("churn") == ["1 draining", "2 ready", "3 ready"])
        #expect(held.map(TestModel.answer) == 1)
        held = nil
        try store.look()
        #expect(store.states("churn") == ["1 unloaded", "2 ready", "3 ready"])
    }

    // MARK: Drop-ins

    @Test func aDropIn_countsWhenItIsUnchangedForASecond() throws {
        let store = try TestStore()
        store.clock.makeFilesYoung()
        let whole = try TestModel.native(7)
        try store.look()
        try store.write(Array(whole.prefix(100)), to: "churn/1/model")
        try store.look()
        #expect(store.states("churn") == ["1 found"])
        store.clock.advance(seconds: 0.9)
        try store.look()
        #expect(store.states("churn") == ["1 found"])
        // It grows just before it would have counted.
        try store.write(Array(whole.prefix(200)), to: "churn/1/model")
        store.clock.advance(seconds: 0.2)
        try store.look()
        try store.write(whole, to: "churn/1/model")
        store.clock.advance(seconds: 0.9)
        try store.look()
        #expect(store.states("churn") == ["1 found"])
        store.clock.advance(seconds: 1.1)
        try store.look()
        #expect(store.answer("churn") == 7)
        #expect(!store.log.contains { $0.contains("refused") })
    }

    @Test func youngFiles_waitAtTheStartToo() throws {
        let store = try TestStore()
        store.clock.makeFilesYoung()
        try store.write(TestModel.native(1), to: "churn/1/model")
        try store.look()
        #expect(store.states("churn") == ["1 found"] && !store.registry.isReady)
        store.clock.advance(seconds: 1.1)
        try store.look()
        #expect(store.states("churn") == ["1 ready"] && store.registry.isReady)
    }

    @Test func aCopyThatNeverEnds_doesNotHoldReadinessUp() throws {
        let store = try TestStore()
        store.clock.makeFilesYoung()
        for step in 0..<8 {
            try store.write(Array(repeating: 1, count: step + 1), to: "churn/1/model")
            try store.look()
            store.clock.advance(seconds: 0.9)
        }
        #expect(store.states("churn") == ["1 found"] && store.registry.isReady)
    }

    @Test func aVersionWithAManifest_countsAtOnce() throws {
        let store = try TestStore()
        store.clock.makeFilesYoung()
        try store.look()
        let version = try Publisher.publish(
            [.init(name: "model", bytes: try TestModel.native(5))], model: "churn", registryPath: store.root)
        try store.look()
        #expect(version.number == 1 && store.answer("churn") == 5)
    }

    @Test func aDirectoryWithAManifestThatIsStillCopied_isNotRefused() throws {
        let store = try TestStore()
        let whole = try TestModel.native(5)
        _ = try Publisher.publish(
            [.init(name: "model", bytes: whole)], model: "churn", registryPath: store.path("elsewhere"))
        let manifest = Array(
            try Data(contentsOf: URL(fileURLWithPath: store.path("elsewhere/churn/1/manifest.json"))))
        try store.remove("elsewhere")
        store.clock.makeFilesYoung()
        try store.look()
        try store.write(manifest, to: "churn/1/manifest.json")
        try store.write(Array(whole.prefix(150)), to: "churn/1/model")
        try store.look()
        #expect(store.states("churn") == ["1 found"])
        try store.write(whole, to: "churn/1/model")
        try store.settle()
        #expect(store.answer("churn") == 5)
        #expect(!store.log.contains { $0.contains("refused") })
    }

    // MARK: Broken versions

    @Test func aBrokenVersion_isRefusedAndTheOldOneGoesOn() throws {
        let store = try TestStore()
        try store.write(TestModel.native(1), to: "churn/1/model")
        try store.look()
        var damaged = try TestModel.native(2)
        damaged[damaged.count - 9] ^= 1
        try store.write(damaged, to: "churn/2/model")
        try store.settle()
        #expect(store.answer("churn") == 1)
        #expect(store.states("churn") == ["1 ready", "2 refused"])
        let report = try #require(store.registry.reports(of: "churn").last)
        #expect(try #require(report.reason).contains("churn/2/model"))
        let lines = store.log.filter { $0.contains("model version was refused") }
        #expect(
            lines.count == 1 && lines[0].contains("code=digest_mismatch") && lines[0].contains("version=2"))
        var text = ByteBuffer()
        store.metrics.write(.prometheusText, into: &text)
        let scraped = String(copying: text.bytes)
        #expect(scraped.contains("modeld_model_load_failures_total{model=\"churn\"} 1\n"))
        #expect(scraped.contains("modeld_model_versions{state=\"refused\"} 1\n"))
        // Unchanged, it is not tried again; repaired, it goes live.
        try store.settle()
        #expect(store.log.filter { $0.contains("refused") }.count == 1)
        try store.write(TestModel.native(2), to: "churn/2/model")
        try store.settle()
        #expect(store.answer("churn") == 2)
    }

    @Test func aVersionThatDoesNotReproduceItsSamples_isRefused() throws {
        let store = try TestStore()
        try store.write(TestModel.native(1, golden: 1.5), to: "churn/1/model")
        try store.write(TestModel.xgboost(), to: "risk/1/model.json")
        try store.write(
            Array("{\"inputs\":[1],\"predictions\":[0.5],\"tolerance\":0}\n".utf8), to: "risk/1/samples.jsonl"
        )
        try store.look()
        #expect(store.states("churn") == ["1 refused"] && store.states("risk") == ["1 refused"])
        #expect(store.registry.isReady)
        #expect(store.registry.unavailabilityReason(of: "churn").contains("golden"))
    }

    @Test(arguments: [
        ("no model", ["a": "hello"], "unrecognised"),
        ("nothing", ["manifest.json": "{}"], "malformed_manifest"),
        ("bad samples", ["model": "*", "samples.jsonl": "\n{\"inputs\":[1]}\n"], "malformed_samples"),
        ("bad JSON", ["model": "*", "samples.jsonl": "{"], "malformed_samples"),
        ("two models", ["model": "*", "copy": "*"], "several_model_files"),
        (
            "not listed",
            [
                "model": "*",
                "manifest.json": "{\"modeld_manifest\":1,\"model\":\"a\",\"version\":1,\"files\":[]}",
            ],
            "manifest_mismatch"
        ),
    ])
    func unusableDirectories_areRefusedWithTheirReason(
        _ name: String, _ files: [String: String], _ code: String
    ) throws {
        let store = try TestStore()
        for (file, content) in files {
            try store.write(content == "*" ? TestModel.native(1) : Array(content.utf8), to: "a/1/\(file)")
        }
        try store.settle()
        guard case .refused(let refusal)? = store.registry.reports(of: "a").first?.state else {
            Issue.record("\(name): \(store.states("a"))")
            return
        }
        #expect(refusal.code == code, "\(name): \(refusal.reason)")
    }

    @Test func aFileBesideTheModel_doesNotMatter() throws {
        let store = try TestStore()
        try store.write(TestModel.native(1), to: "a/1/model")
        try store.write(Array("accuracy 0.9".utf8), to: "a/1/report")
        try store.look()
        #expect(store.answer("a") == 1)
    }

    @Test func aFileChangedInPlace_replacesTheFormerOneOnlyWhenItIsSound() throws {
        let store = try TestStore()
        try store.write(TestModel.native(1), to: "a/1/model")
        try store.look()
        try store.write([1, 2, 3], to: "a/1/model")
        try store.settle()
        #expect(store.answer("a") == 1)
        let report = try #require(store.registry.reports(of: "a").first)
        #expect(report.state == .ready && report.reason != nil)
        try store.write(TestModel.native(2), to: "a/1/model")
        try store.settle()
        #expect(store.answer("a") == 2)
        #expect(store.registry.reports(of: "a").first?.reason == nil)
    }

    @Test func aModelReplacedByAPipeOrALoop_keepsTheFormerOne() throws {
        let store = try TestStore()
        for name in ["pipe", "loop", "directory"] {
            try store.write(TestModel.native(1), to: "\(name)/1/model")
        }
        try store.look()
        for name in ["pipe", "loop", "directory"] { try store.remove("\(name)/1/model") }
        try store.makePipe("pipe/1/model")
        try store.link("loop/1/model", to: "model")
        try store.write([1], to: "directory/1/model/x")
        try store.settle()
        for name in ["pipe", "loop", "directory"] {
            #expect(store.answer(name) == 1, "\(name)")
            #expect(store.registry.reports(of: name).first?.reason != nil, "\(name)")
        }
    }

    // MARK: Going away

    @Test func aRemovedVersion_isUnloadedWhenItsReadersAreGone() throws {
        let store = try TestStore()
        try store.write(TestModel.native(1), to: "a/1/model")
        try store.write(TestModel.native(2), to: "a/2/model")
        try store.look()
        var held = store.registry.view.models["a"]?.newest
        try store.remove("a/2")
        try store.look()
        #expect(store.answer("a") == 1)
        #expect(store.states("a") == ["1 ready", "2 draining"])
        #expect(held.map(TestModel.answer) == 2)
        held = nil
        try store.look()
        #expect(store.states("a") == ["1 ready"])
        try store.remove("a")
        try store.look()
        try store.look()
        #expect(store.registry.view.models["a"] == nil && store.registry.reports.isEmpty)
    }

    @Test func reports_areSortedByModelAndNumberOfVersion() throws {
        let store = try TestStore()
        for place in ["b/2", "a/10", "c/1", "a/9", "b/1"] {
            try store.write(TestModel.native(1), to: "\(place)/model")
        }
        try store.look()
        let reports = store.registry.reports.map { "\($0.model)/\($0.version)" }
        #expect(reports == ["a/9", "a/10", "b/1", "b/2", "c/1"])
    }

    /// As when the registry is a link that is made to lead elsewhere.
    @Test func aVersionThatIsGone_goesOnUntilTheNextIsReady() throws {
        let store = try TestStore()
        try store.write(TestModel.native(1), to: "churn/1/model")
        try store.look()
        store.clock.makeFilesYoung()
        try store.remove("churn/1")
        try store.write(TestModel.native(2), to: "churn/2/model")
        try store.look()
        #expect(store.states("churn") == ["1 ready", "2 found"] && store.answer("churn") == 1)
        try store.look()
        #expect(store.answer("churn") == 1)
        store.clock.advance(seconds: 1.5)
        try store.look()
        #expect(store.answer("churn") == 2)
        try store.look()
        #expect(store.states("churn") == ["2 ready"])
        // The same with a version that is published whole, and one that comes back as it was.
        try store.rename("churn/2", to: ".kept")
        try store.write([1, 2, 3], to: "churn/3/model")
        try store.look()
        #expect(store.answer("churn") == 2)
        try store.rename(".kept", to: "churn/2")
        try store.settle()
        #expect(store.states("churn") == ["2 ready", "3 refused"] && store.answer("churn") == 2)
        // Nothing else is on its way any more.
        try store.remove("churn/2")
        try store.look()
        #expect(store.answer("churn") == nil)
        try store.look()
        #expect(store.states("churn") == ["3 refused"])
    }

    @Test func aVersionThatIsGone_isNotReplacedByABrokenOne() throws {
        let store = try TestStore()
        try store.write(TestModel.native(1), to: "churn/1/model")
        try store.look()
        store.clock.makeFilesYoung()
        try store.remove("churn/1")
        try store.write([1, 2, 3], to: "churn/2/model")
        try store.look()
        #expect(store.answer("churn") == 1)
        store.clock.advance(seconds: 1.5)
        try store.look()
        #expect(store.answer("churn") == nil)
        try store.remove("churn")
        try store.look()
        try store.look()
        #expect(store.states("churn").isEmpty && store.registry.view.models["churn"] == nil)
    }

    @Test func whenTheRegistryCannotBeRead_nothingIsUnloaded() throws {
        let store = try TestStore(serving: "models")
        try store.write(TestModel.native(1), to: "models/a/1/model")
        try store.look()
        try FileManager.default.moveItem(atPath: store.path("models"), toPath: store.path("away"))
        for _ in 0..<3 { #expect(throws: RegistryError.self) { try store.registry.look() } }
        #expect(store.answer("a") == 1)
        #expect(store.log.filter { $0.contains("registry cannot be read") }.count == 1)
        try FileManager.default.moveItem(atPath: store.path("away"), toPath: store.path("models"))
        try store.look()
        #expect(store.log.contains { $0.contains("can be read again") } && store.answer("a") == 1)
    }

    @Test func aSwappedMount_isServedAsItIsSwapped() throws {
        let store = try TestStore(serving: "mnt") { $0.singleName = "churn" }
        for (directory, answer) in [("..1", 1.0), ("..2", 2.0)] {
            try store.write(TestModel.native(answer), to: "mnt/\(directory)/model")
        }
        try store.link("mnt/..data", to: "..1")
        try store.link("mnt/model", to: "..data/model")
        try store.look()
        #expect(store.answer("churn") == 1)
        try store.link("mnt/..data_tmp", to: "..2")
        try #require(rename(from: store.path("mnt/..data_tmp"), to: store.path("mnt/..data")))
        try store.settle()
        #expect(store.answer("churn") == 2)
    }

    private func rename(from: String, to: String) -> Bool {
        // Safe because both strings are passed as C strings that live for the call.
        unsafe Glibc.rename(from, to) == 0
    }
}
