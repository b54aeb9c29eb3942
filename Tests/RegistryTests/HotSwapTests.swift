// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization
import Telemetry
import Testing

@testable import Registry

struct HotSwapTests {
    /// Readers never miss the model, never see its version go back, and never get another version's answer.
    @Test func readersDuringSwaps_seeOneVersionAtATime() throws {
        let store = try TestStore()
        try store.write(TestModel.native(1), to: "a/1/model")
        try store.look()
        let isDone = Atomic<Bool>(false)
        let failures = Atomic<Int>(0)
        let lookups = Atomic<Int>(0)
        let group = DispatchGroup()
        // Threads of their own: the shared pool may be busy with other tests until all swaps are over.
        let reading = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                var last: Int64 = 0
                var isFirst = true
                while !isDone.load(ordering: .relaxed) {
                    if let loaded = store.registry.view.models["a"]?.newest {
                        let isWrong =
                            loaded.version.number < last
                            || TestModel.answer(of: loaded) != Double(loaded.version.number)
                        if isWrong { failures.wrappingAdd(1, ordering: .relaxed) }
                        last = loaded.version.number
                        loaded.metrics.record(rows: 1, isError: false, nanoseconds: 1)
                    } else {
                        failures.wrappingAdd(1, ordering: .relaxed)
                    }
                    lookups.wrappingAdd(1, ordering: .relaxed)
                    if isFirst { reading.signal() }
                    isFirst = false
                }
            }
        }
        for _ in 0..<2 { reading.wait() }
        for version in 2...100 {
            _ = try Publisher.publish(
                [.init(name: "model", bytes: try TestModel.native(Double(version)))], model: "a",
                registryPath: store.root)
            if version > 10 { try store.remove("a/\(version - 10)") }
            try store.look()
        }
        isDone.store(true, ordering: .relaxed)
        group.wait()
        #expect(failures.load(ordering: .relaxed) == 0)
        #expect(lookups.load(ordering: .relaxed) >= 2)
        #expect(store.answer("a") == 100)
    }

    /// With the real clock and the real watch: a published version is noticed without anybody asking.
    @Test(.timeLimit(.minutes(1)))
    func aPublishedVersion_isNoticed() async throws {
        let store = try TestStore()
        let (lines, arrived) = AsyncStream<String>.makeStream()
        var configuration = Registry.Configuration(path: store.root)
        configuration.pollNanoseconds = 600_000_000_000
        let registry = Registry(
            configuration, metrics: MetricRegistry(), logger: Logger(sink: .closure { arrived.yield($0) }))
        try registry.start()
        for version in 1...3 {
            _ = try Publisher.publish(
                [.init(name: "model", bytes: try TestModel.native(Double(version)))], model: "a",
                registryPath: store.root)
            for await line in lines where line.contains("ready model=a version=\(version)") { break }
            #expect(registry.view.models["a"]?.newest?.version.number == Int64(version))
        }
        registry.stop()
        registry.stop()
    }

    /// What somebody else's look has found is watched as well.
    @Test(.timeLimit(.minutes(1)))
    func aModelThatWasLookedAt_isWatched() async throws {
        let store = try TestStore()
        let (lines, arrived) = AsyncStream<String>.makeStream()
        var configuration = Registry.Configuration(path: store.root)
        configuration.pollNanoseconds = 600_000_000_000
        configuration.settleNanoseconds = 100_000_000
        let registry = Registry(
            configuration, metrics: MetricRegistry(), logger: Logger(sink: .closure { arrived.yield($0) }))
        try registry.start()
        _ = try Publisher.publish(
            [.init(name: "model", bytes: try TestModel.native(1))], model: "a", registryPath: store.root)
        try registry.look(at: "a")
        for await line in lines where line.contains("ready model=a version=1") { break }
        // By hand, into the directory that the look has found.
        try store.remove("a/1/manifest.json")
        try store.write(TestModel.native(2), to: "a/1/model")
        for await line in lines where line.contains("ready model=a version=1") { break }
        #expect(registry.view.models["a"]?.newest.map(TestModel.answer(of:)) == 2)
        registry.stop()
    }

    /// Without inotify's help: what is at rest is found by looking.
    @Test(.timeLimit(.minutes(1)))
    func aDropIn_isNoticedByLooking() async throws {
        let store = try TestStore()
        let (lines, arrived) = AsyncStream<String>.makeStream()
        var configuration = Registry.Configuration(path: store.root)
        configuration.pollNanoseconds = 50_000_000
        configuration.settleNanoseconds = 100_000_000
        let registry = Registry(
            configuration, metrics: MetricRegistry(), logger: Logger(sink: .closure { arrived.yield($0) }))
        try registry.start()
        try store.write(TestModel.native(1), to: "a/1/model")
        for await line in lines where line.contains("ready model=a version=1") { break }
        registry.stop()
    }

    @Test func aRegistryThatIsLetGo_stopsByItself() throws {
        let store = try TestStore()
        weak var gone: Registry?
        do {
            let registry = Registry(
                Registry.Configuration(path: store.root), metrics: MetricRegistry(), logger: .silent)
            try registry.start()
            registry.stop()
            gone = registry
        }
        #expect(gone == nil)
    }
}
