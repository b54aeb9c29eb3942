// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import Registry

/// What a look finds, and what it leaves alone.
struct RegistryLookoutTests {
    private static let poll = LookScope(isPoll: true)
    private let now = RegistryClock.system.wallClock() + 3_600_000_000_000

    private func lookout(_ store: TestStore, _ paths: [String]) throws -> RegistryLookout {
        for path in paths { try store.write([1], to: path) }
        var lookout = RegistryLookout(RegistryScanner(path: store.root))
        let first = try lookout.look(.whole, wallClock: now)
        #expect(first.isWhole && lookout.isSelective)
        return lookout
    }

    private func found(
        _ lookout: inout RegistryLookout, _ scope: LookScope, waiting: Set<String> = []
    ) throws -> [String] {
        try lookout.look(scope, waiting: waiting, wallClock: now).scan.models.keys.sorted()
    }

    /// The file systems of tests tell of changes, so that a poll leaves models alone; looking at everything
    /// finds what was missed nevertheless.
    @Test func aPoll_leavesToldModelsAlone() throws {
        let store = try TestStore()
        var lookout = try lookout(store, ["a/1/m", "b/1/m"])
        try #require(FileSystem.tellsOfChanges(at: store.root))
        try store.write([1, 2], to: "a/1/m")
        #expect(try found(&lookout, Self.poll).isEmpty)
        #expect(try found(&lookout, Self.poll, waiting: ["a"]) == ["a"])
        try store.write([1, 2, 3], to: "a/1/m")
        #expect(try found(&lookout, .whole) == ["a"])
        #expect(try found(&lookout, .whole).isEmpty)
    }

    @Test func aPoll_findsNewModels() throws {
        let store = try TestStore()
        var lookout = try lookout(store, ["a/1/m"])
        try store.write([1], to: "b/1/m")
        #expect(try found(&lookout, Self.poll) == ["b"])
        try store.remove("a")
        #expect(try lookout.look(Self.poll, wallClock: now).removed == ["a"])
    }

    /// Where the link leads may change without anything being told.
    @Test(arguments: [
        (["a": "store/a"], "store/a/1/m"), (["a/1": "../store/a/1"], "store/a/1/m"),
        (["a/1/m": "../../store/m"], "store/m"),
    ])
    func aPoll_looksBehindLinks(_ links: [String: String], _ target: String) throws {
        let store = try TestStore(serving: "served")
        try store.write([1], to: "served/other/1/m")
        try store.write([1], to: target)
        for (link, destination) in links {
            try store.write([1], to: "served/\(link)/x")
            try store.remove("served/\(link)")
            try store.link(
                "served/\(link)", to: store.path(String(destination.drop { $0 == "." || $0 == "/" })))
        }
        var lookout = RegistryLookout(RegistryScanner(path: store.path("served")))
        let first = try lookout.look(.whole, wallClock: now).scan
        #expect(first.models.keys.sorted() == ["a", "other"] && first.linkedModels.isEmpty)
        try store.write([1, 2], to: target)
        #expect(try found(&lookout, Self.poll) == ["a"])
    }

    /// As when a link to the whole registry is made to lead to another one with the same names.
    @Test func anotherRegistryInItsPlace_isLookedAtWhole() throws {
        let store = try TestStore()
        for path in ["v1/a/1/m", "v1/b/1/m", "v2/a/1/m", "v2/b/1/m"] { try store.write([1], to: path) }
        try store.link("now", to: store.path("v1"))
        var lookout = RegistryLookout(RegistryScanner(path: store.path("now")))
        _ = try lookout.look(.whole, wallClock: now)
        try store.remove("now")
        try store.link("now", to: store.path("v2"))
        let news = try lookout.look(Self.poll, wallClock: now)
        #expect(news.scan.models.keys.sorted() == ["a", "b"])
        #expect(news.directories.keys.sorted() == ["", "a", "b"])
    }

    /// A directory in the place of another may hold the same files.
    @Test func anotherDirectoryInItsPlace_isNews() throws {
        let store = try TestStore()
        var lookout = try lookout(store, ["a/1/m"])
        try store.rename("a/1", to: "a/.old")
        try store.write([1], to: "a/1/x")
        try store.remove("a/1/x")
        try store.rename("a/.old/m", to: "a/1/m")
        let news = try lookout.look(LookScope(owners: ["a"]), wallClock: now)
        #expect(news.directories["a"] == [store.path("a"), store.path("a/1")])
        #expect(news.scan.models.keys.sorted() == ["a"])
    }

    /// Ten thousand unloaded models stand side by side.
    @Test func recordsAreSmall() {
        #expect(MemoryLayout<VersionRecord>.size <= 88)
        #expect(MemoryLayout<ModelRecord>.size <= 32)
    }
}
