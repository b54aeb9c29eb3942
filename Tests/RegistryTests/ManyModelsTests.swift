// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Registry

/// Models that are loaded when somebody uses them, and leave when others need their place.
struct ManyModelsTests {
    private func store(
        _ count: Int, configure: (inout Registry.Configuration) -> Void
    ) throws -> TestStore {
        let store = try TestStore(configure: configure)
        for number in 0..<count { try store.write(TestModel.wide(1000), to: "m\(number)/1/model") }
        try store.look()
        return store
    }

    /// Asks for a model as a request does, and waits.
    @discardableResult
    private func use(_ name: String, _ store: TestStore, isExplicit: Bool = false) -> Bool {
        guard let slot = store.registry.view.models[name] else { return false }
        let entry = slot.entry
        store.registry.noteUse(of: slot, entry)
        if entry.defaultModel != nil { return true }
        guard entry.isLoadedOnUse || isExplicit else { return false }
        let done = DispatchSemaphore(value: 0)
        guard store.registry.whenLoaded(name, isExplicit: isExplicit, { done.signal() }) else { return false }
        done.wait()
        // It comes back.
        store.registry.noteUse(of: slot, slot.entry)
        store.registry.waitForLoads()
        return slot.entry.defaultModel != nil
    }

    private func loaded(_ store: TestStore) -> [String] {
        store.registry.view.models.filter { !$0.value.ready.isEmpty }.keys.sorted()
    }

    @Test func theFirstUse_loadsAModel() throws {
        let store = try store(3) { $0.load = .firstUse }
        #expect(store.registry.isReady && loaded(store).isEmpty)
        #expect(store.states("m1") == ["1 unloaded"])
        #expect(use("m1", store))
        #expect(loaded(store) == ["m1"] && store.states("m1") == ["1 ready"])
        // A version that comes later is loaded beside the one in use.
        try store.write(TestModel.native(9), to: "m1/2/model")
        try store.write(TestModel.native(9), to: "m2/2/model")
        try store.settle()
        #expect(store.states("m1") == ["1 ready", "2 ready"])
        #expect(store.states("m2") == ["1 unloaded", "2 unloaded"])
    }

    @Test func aBrokenModel_doesNotKeepItsFirstUserWaiting() throws {
        let store = try store(0) { $0.load = .firstUse }
        try store.write([1, 2, 3], to: "m0/1/model")
        try store.settle()
        #expect(!use("m0", store))
        #expect(store.states("m0") == ["1 refused"])
    }

    @Test func theList_isLoadedAtTheStart() throws {
        let store = try store(3) {
            $0.load = .firstUse
            $0.preload = ["m2"]
        }
        #expect(loaded(store) == ["m2"])
    }

    @Test func policiesSayOtherwise() throws {
        let store = try TestStore { $0.load = .firstUse }
        for (name, load) in [("a", "start"), ("b", "first_use"), ("c", "explicit")] {
            try store.write(TestModel.native(1), to: "\(name)/1/model")
            try store.write(Array("load: \(load)".utf8), to: "\(name)/model.yaml")
        }
        try store.look()
        #expect(loaded(store) == ["a"])
        #expect(!use("c", store))
        #expect(use("c", store, isExplicit: true) && loaded(store) == ["a", "c"])
        // Unloaded by hand, only a hand brings it back.
        store.registry.unload("a")
        store.registry.unload("c")
        #expect(loaded(store).isEmpty && !use("a", store))
        #expect(use("a", store, isExplicit: true) && use("b", store))
        #expect(loaded(store) == ["a", "b"])
    }

    @Test func theBudgetHolds_andTheLeastRecentlyUsedLeaves() throws {
        let one = try size(of: TestModel.wide(1000))
        let store = try store(8) {
            $0.load = .firstUse
            $0.memoryBudget = one * 4 + one / 2
        }
        for number in 0..<4 { #expect(use("m\(number)", store)) }
        #expect(loaded(store) == ["m0", "m1", "m2", "m3"])
        #expect(use("m0", store))
        #expect(use("m4", store))
        #expect(loaded(store) == ["m0", "m2", "m3", "m4"])
        #expect(use("m1", store) && use("m2", store))
        var generator = Numbers(state: 7)
        for _ in 0..<200 {
            #expect(use("m\(generator.next() % 8)", store))
            #expect(store.registry.state.withLock { $0.core.liveBytes } <= one * 4 + one / 2)
        }
        #expect(store.registry.state.withLock { $0.core.reserved.isEmpty })
    }

    @Test func aModelThatSomebodyWaitsFor_isTheLastToLeave() throws {
        let one = try size(of: TestModel.wide(1000))
        let store = try store(4) {
            $0.load = .firstUse
            $0.memoryBudget = one * 2 + one / 2
        }
        let done = DispatchSemaphore(value: 0)
        #expect(store.registry.whenLoaded("m0") { done.signal() })
        done.wait()
        store.registry.waitForLoads()
        #expect(use("m1", store) && use("m2", store))
        #expect(loaded(store) == ["m0", "m2"])
        // It is used as others are, once its user has come back.
        #expect(use("m0", store) && use("m2", store) && use("m3", store))
        #expect(loaded(store) == ["m2", "m3"])
    }

    @Test func pinnedModels_stay() throws {
        let one = try size(of: TestModel.wide(1000))
        let store = try TestStore {
            $0.load = .firstUse
            $0.memoryBudget = one * 2 + one / 2
        }
        for number in 0..<4 { try store.write(TestModel.wide(1000), to: "m\(number)/1/model") }
        try store.write(Array("pinned: true".utf8), to: "m0/model.yaml")
        try store.write(Array("pinned: true".utf8), to: "m1/model.yaml")
        try store.look()
        #expect(use("m0", store) && use("m2", store) && use("m3", store))
        #expect(loaded(store) == ["m0", "m3"])
        #expect(use("m1", store) && loaded(store) == ["m0", "m1"])
        // Nothing may leave: refused with its reason, and tried again later.
        #expect(!use("m2", store))
        #expect(store.registry.unavailabilityReason(of: "m2").contains("models.memory"))
        store.registry.unload("m1")
        store.clock.advance(seconds: 6)
        try store.look()
        #expect(loaded(store) == ["m0", "m2"])
    }

    @Test func aStartWithMoreThanTheBudget_fillsItAndStops() throws {
        let one = try size(of: TestModel.wide(1000))
        let store = try store(6) { $0.memoryBudget = one * 3 + one / 2 }
        #expect(loaded(store).count == 3 && store.registry.isReady)
        #expect(!store.log.contains { $0.contains("makes room") })
        for number in 0..<6 { #expect(use("m\(number)", store)) }
        #expect(loaded(store).count == 3)
    }

    @Test func aLookAtOneModel_leavesTheOthers() throws {
        let store = try store(3) { _ in }
        try store.write(TestModel.native(1), to: "new/1/model")
        try store.write(TestModel.native(1), to: "m1/2/model")
        try store.write(TestModel.native(1), to: "m2/2/model")
        try store.registry.look(at: "m1")
        // The registry's directory is looked at, too.
        #expect(store.states("m1") == ["1 ready", "2 found"] && store.states("new") == ["1 found"])
        #expect(store.states("m2") == ["1 ready"])
        try store.remove("m1")
        try store.registry.look(at: "m1")
        // What it answered with is let go of first.
        try store.registry.look(at: "m1")
        #expect(store.states("m1").isEmpty)
    }

    /// A look after a change opens what has changed and nothing else.
    @Test func aLook_opensOnlyWhatHasChanged() throws {
        let store = try TestStore()
        for number in 0..<20 { try store.write(TestModel.native(1), to: "m\(number)/1/model") }
        var lookout = RegistryLookout(RegistryScanner(path: store.root))
        let now = RegistryClock.system.wallClock() + 3_600_000_000_000
        let registry = LookScope(owners: [LookScope.registry])
        let first = try lookout.look(.whole, wallClock: now)
        #expect(first.scan.models.count == 20 && first.directories.count == 21)
        #expect(try lookout.look(.whole, wallClock: now).scan.models.isEmpty)
        try store.write(TestModel.native(2), to: "m3/2/model")
        try store.write(TestModel.native(3), to: "m4/1/model")
        let second = try lookout.look(.whole, wallClock: now)
        #expect(second.scan.models.keys.sorted() == ["m3", "m4"])
        try store.remove("m5")
        try store.write(TestModel.native(3), to: "n/1/model")
        let third = try lookout.look(registry, wallClock: now)
        #expect(third.scan.models.keys.sorted() == ["n"] && third.removed == ["m5"])
        try store.write(TestModel.native(3), to: "m6/9/model")
        try store.write(TestModel.native(3), to: "m7/9/model")
        let fourth = try lookout.look(LookScope(owners: ["m6"]), wallClock: now)
        #expect(fourth.scan.models.keys.sorted() == ["m6"])
        // Another model's directory behind the same name.
        try store.remove("m8")
        try store.link("m8", to: store.path("m6"))
        let fifth = try lookout.look(registry, wallClock: now)
        #expect(fifth.scan.models.keys.sorted().contains("m8"))
    }

    /// Bytes that the registry counts for a model.
    private func size(of model: [UInt8]) throws -> Int {
        let store = try TestStore()
        try store.write(model, to: "x/1/model")
        try store.look()
        return try #require(store.registry.view.models["x"]?.newest?.memoryBytes)
    }

    private struct Numbers {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }
}
