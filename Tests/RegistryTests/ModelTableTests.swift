// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import Registry

struct ModelTableTests {
    private func record(_ version: ModelVersion, _ state: VersionState) -> VersionRecord {
        let listing = VersionListing(model: "m", version: version, path: "/m/\(version)", files: [])
        var record = VersionRecord(
            ListingMark(listing), now: MonotonicInstant(nanoseconds: 0), isSettled: true)
        record.state = state
        return record
    }

    /// However models and versions come, change and go, the counts are those of a walk over all of them.
    @Test func countsAreThoseOfAWalk() {
        let states: [VersionState] = [
            .found, .verifying, .loading, .warming, .ready, .draining, .unloaded,
            .refused(Refusal(code: "c", reason: "r")),
        ]
        var table = ModelTable()
        var most = 0
        var seed: UInt64 = 5
        func number(below limit: UInt64) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((seed >> 33) % limit)
        }
        for _ in 0..<3000 {
            let (name, version) = ("m\(number(below: 8))", ModelVersion(Int64(number(below: 3))))
            switch number(below: 12) {
            case 0: table[name] = nil
            case 1: table[name] = ModelRecord(slot: ModelSlot(name: name))
            case 2: table[name]?.versions[version] = nil
            case 3: table[name]?.isGone.toggle()
            default:
                table[name]?.versions[version] = record(version, states[number(below: 8)])
            }
            var walked = [Int](repeating: 0, count: VersionState.names.count)
            for (_, model) in table {
                for record in model.versions.values { walked[record.shownState.index] += 1 }
            }
            #expect(table.countsByState == walked)
            most = max(most, walked.reduce(0, +))
        }
        #expect(most >= 6, "at most \(most) versions at once")
    }
}
