// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Registry

struct DirectoryWatchTests {
    private func store() throws -> TestStore {
        let store = try TestStore()
        for path in ["a/1/m", "b/1/m"] { try store.write([1], to: path) }
        return store
    }

    private func directories(_ store: TestStore, _ models: [String]) -> [String: [String]] {
        Dictionary(uniqueKeysWithValues: models.map { ($0, [store.path($0), store.path("\($0)/1")]) })
    }

    @Test func theOwner_isToldOf() throws {
        let store = try store()
        let watch = try #require(DirectoryWatch())
        #expect(watch.watch(directories(store, ["a", "b"]), isWhole: true) == ["a", "b"])
        #expect(watch.drain() == [])
        try store.write([2], to: "a/1/m")
        #expect(watch.drain() == ["a"])
        try store.write([2], to: "b/2/m")
        #expect(watch.drain() == ["b"])
        // Watched once more, nothing may have been missed.
        #expect(watch.watch(directories(store, ["a"]), isWhole: false) == [])
        try store.write([3], to: "b/1/m")
        #expect(watch.drain() == ["b"])
    }

    @Test func whoIsNotNamed_isForgotten() throws {
        let store = try store()
        let watch = try #require(DirectoryWatch())
        _ = watch.watch(directories(store, ["a", "b"]), isWhole: true)
        _ = watch.watch(directories(store, ["b"]), isWhole: true)
        _ = watch.drain()
        try store.write([2], to: "a/1/m")
        #expect(watch.drain() == [])
        _ = watch.watch(["b": []], isWhole: false)
        _ = watch.drain()
        try store.write([2], to: "b/1/m")
        #expect(watch.drain() == [])
    }

    @Test func aDirectoryThatTwoLinksLeadTo_tellsBoth() throws {
        let store = try store()
        try store.link("c", to: store.path("a"))
        let watch = try #require(DirectoryWatch())
        #expect(watch.watch(directories(store, ["a", "c"]), isWhole: true) == ["a", "c"])
        try store.write([2], to: "a/1/m")
        #expect(watch.drain() == ["a", "c"])
        // One of them leaves: the other is still told.
        _ = watch.watch(["a": []], isWhole: false)
        _ = watch.drain()
        try store.write([3], to: "a/1/m")
        #expect(watch.drain() == ["c"])
    }

    @Test func aDirectoryThatComesBack_isWatchedAgain() throws {
        let store = try store()
        let watch = try #require(DirectoryWatch())
        _ = watch.watch(directories(store, ["a"]), isWhole: true)
        try store.remove("a")
        #expect(watch.drain() == ["a"])
        _ = watch.watch(directories(store, ["a"]), isWhole: false)
        #expect(watch.unwatched == ["a"])
        try store.write([1], to: "a/1/m")
        #expect(watch.watch(directories(store, ["a"]), isWhole: false) == ["a"])
        #expect(watch.unwatched.isEmpty)
        _ = watch.drain()
        try store.write([2], to: "a/1/m")
        #expect(watch.drain() == ["a"])
    }

    @Test func aModelOfManyVersions_isWatchedWhole() throws {
        let store = try TestStore()
        for version in 1...5 { try store.write([1], to: "a/\(version)/m") }
        let watch = try #require(DirectoryWatch())
        let paths = [store.path("a")] + (1...5).map { store.path("a/\($0)") }
        _ = watch.watch(["a": paths], isWhole: true)
        for version in 1...5 {
            try store.write([2], to: "a/\(version)/m")
            #expect(watch.drain() == ["a"])
        }
    }
}
