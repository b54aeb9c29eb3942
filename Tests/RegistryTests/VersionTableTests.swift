// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import Registry

struct VersionTableTests {
    private func record(_ version: ModelVersion) -> VersionRecord {
        let listing = VersionListing(model: "m", version: version, path: "/m/\(version)", files: [])
        return VersionRecord(
            ListingMark(listing), now: MonotonicInstant(nanoseconds: UInt64(version.number)), isSettled: true)
    }

    /// Beside a dictionary that does the same.
    @Test func itIsADictionaryInOrder() {
        var table = VersionTable()
        var expected: [ModelVersion: UInt64] = [:]
        var state: UInt64 = 1
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let version = ModelVersion(Int64(state >> 33) % 40)
            if state >> 62 == 0 {
                table[version] = nil
                expected[version] = nil
            } else {
                table[version] = record(version)
                expected[version] = UInt64(version.number)
            }
            #expect(table[version]?.unchangedSince.nanoseconds == expected[version])
            #expect(table.isEmpty == expected.isEmpty)
            #expect(table.keys == expected.keys.sorted())
        }
        #expect(
            table.values.map(\.unchangedSince.nanoseconds) == expected.sorted { $0.key < $1.key }.map(\.value)
        )
        #expect(table.map(\.key) == table.keys)
        let another = ModelVersion(99)
        #expect(table[another] == nil)
    }
}
