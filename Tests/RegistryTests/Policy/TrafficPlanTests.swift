// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Registry

struct TrafficPlanTests {
    private static func policy(_ text: String) throws -> ModelPolicy {
        let bytes = Array(text.utf8)
        return try PolicyFile.parse(bytes.span)
    }

    private static func plan(_ text: String, _ ready: [Int64]) throws -> TrafficPlan {
        TrafficPlan(try policy(text), ready: ready.map { ModelVersion($0) })
    }

    /// Policy, ready versions, the default version, the aliases, the missing versions.
    @Test(
        arguments: [
            ("", [1, 3, 2], 3, [:], []),
            ("", [], nil, [:], []),
            ("default: 2", [1, 2, 3], 2, [:], []),
            ("default: 9", [1, 2, 3], nil, [:], [9]),
            ("{default: a, aliases: {a: 1, b: 9}}", [1, 2], 1, ["a": 1], [9]),
            ("{default: latest, aliases: {a: 1}}", [2], 2, [:], [1]),
            ("{versions: [7], default: latest}", [2], 2, [:], []),
        ] as [(String, [Int64], Int64?, [String: Int64], [Int64])])
    func defaultsAndAliases(
        text: String, ready: [Int64], expected: Int64?, aliases: [String: Int64], missing: [Int64]
    ) throws {
        let plan = try Self.plan(text, ready)
        #expect(plan.defaultVersion?.number == expected)
        #expect(plan.aliases.mapValues(\.number) == aliases)
        #expect(plan.missing.map(\.number) == missing)
        #expect(plan.isComplete == (expected != nil && missing.isEmpty))
    }

    /// Policy, ready versions, and the shares of 100,000 requests.
    @Test(
        arguments: [
            ("split: {1: 1}", [1, 2], [1: 100_000]),
            ("split: {1: 90, 2: 10}", [1, 2], [1: 90_000, 2: 10_000]),
            ("split: {1: 1, 2: 1, 3: 1}", [1, 2, 3], [1: 33_333, 2: 33_333, 3: 33_334]),
            ("split: {1: 999, 2: 1}", [1, 2], [1: 99_900, 2: 100]),
            ("split: {1: 0, 2: 5}", [1, 2], [2: 100_000]),
            ("{aliases: {a: 1, b: 2}, split: {a: 3, b: 1}}", [1, 2], [1: 75_000, 2: 25_000]),
            // What is not ready is answered by the default; the others keep their shares.
            ("split: {1: 50, 9: 50}", [1, 2], [1: 50_000, 2: 50_000]),
            ("{default: 1, split: {1: 50, 9: 50}}", [1, 2], [1: 100_000]),
            ("{default: 7, split: {1: 50, 9: 50}}", [1], [1: 50_000, -1: 50_000]),
            ("split: {latest: 20, 1: 80}", [1, 5], [5: 20_000, 1: 80_000]),
        ] as [(String, [Int64], [Int64: Int])])
    func sharesAreExact(text: String, ready: [Int64], expected: [Int64: Int]) throws {
        let plan = try Self.plan(text, ready)
        var counts: [Int64: Int] = [:]
        for number in 1...100_000 {
            let version = plan.version(at: SplitPoint.ofRequest(UInt64(number)))
            counts[version?.number ?? -1, default: 0] += 1
        }
        #expect(Set(counts.keys) == Set(expected.keys))
        for (version, count) in expected {
            // A hundredth of the weight is asked for; the sequence is exact to a few requests.
            #expect(abs(counts[version, default: 0] - count) <= 5, "\(version): \(counts)")
        }
    }

    @Test func sharesOfUsers_areWithinAHundredth() throws {
        let plan = try Self.plan("split: {1: 90, 2: 10}", [1, 2])
        var count = 0
        for user in 0..<100_000 {
            let key = Array("user-\(user)".utf8)
            if plan.version(at: SplitPoint.ofKey(key.span, model: "m"))?.number == 2 { count += 1 }
        }
        // Binomial: one standard deviation is 95.
        #expect(abs(count - 10_000) < 400, "\(count)")
    }

    @Test func aMovedShare_movesOnlyTheUsersBetween() throws {
        let before = try Self.plan("split: {1: 90, 2: 10}", [1, 2])
        let after = try Self.plan("split: {1: 80, 2: 20}", [1, 2])
        var moved = 0
        for user in 0..<10_000 {
            let point = SplitPoint.ofKey(Array("\(user)".utf8).span, model: "m")
            let (old, new) = (before.version(at: point), after.version(at: point))
            if old != new {
                moved += 1
                #expect(old?.number == 1 && new?.number == 2)
            }
        }
        #expect((800...1200).contains(moved), "\(moved)")
    }

    /// The values of the page's formula, computed apart from this code.
    @Test func theHash_isThatOfThePage() {
        let key = Array("ada".utf8)
        #expect(SplitPoint.ofKey(key.span, model: "churn") == Self.reference("churn", "ada"))
        #expect(SplitPoint.ofKey([UInt8]().span, model: "churn") == Self.reference("churn", ""))
        #expect(SplitPoint.ofKey(key.span, model: "churn") != SplitPoint.ofKey(key.span, model: "risk"))
    }

    private static func reference(_ model: String, _ value: String) -> UInt64 {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in Array(model.utf8) + [0] + Array(value.utf8) {
            hash ^= UInt64(byte)
            hash = hash &* 1_099_511_628_211
        }
        hash ^= hash >> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        hash ^= hash >> 33
        hash = hash &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }

    @Test func aShadow_takesItsPart() throws {
        let plan = try Self.plan("{default: 1, shadow: {to: 2, percent: 25}}", [1, 2])
        #expect(plan.shadow?.version.number == 2)
        let limit = plan.shadow?.limit ?? 0
        let copies = (1...100_000).filter { SplitPoint.ofRequest(UInt64($0)) < limit }.count
        #expect(abs(copies - 25_000) <= 5)
        // Nobody waits for a shadow that is not there.
        let without = try Self.plan("{default: 1, shadow: {to: 9}}", [1, 2])
        #expect(without.shadow == nil && without.isComplete)
    }
}
