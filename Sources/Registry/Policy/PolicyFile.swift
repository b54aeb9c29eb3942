// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import YAML

/// Reads `model.yaml`: docs/reference/model-policy.md. People write it, so whatever is wrong has its place.
package enum PolicyFile {
    package static let name = "model.yaml"
    /// Larger files are refused.
    package static let sizeLimit = 256 << 10

    package static let keys = [
        "versions", "default", "aliases", "split", "sticky", "shadow", "warm_up", "limits",
        "dynamic_batching", "best_iteration", "load", "pinned",
    ]

    /// The policy that the text states; an empty text states nothing.
    ///
    /// - Throws: the first thing that is wrong, with line, column and key.
    package static func parse(_ text: Span<UInt8>) throws(PolicyDefect) -> ModelPolicy {
        var policy = ModelPolicy()
        guard let document = try document(text) else { return policy }
        for entry in try mapping(document, "") {
            let value = PolicyValue(entry.value, key: entry.key)
            switch entry.key {
            case "versions": policy.versions = try versions(value)
            case "default": policy.defaultTarget = try value.target()
            case "aliases":
                for alias in try value.members() {
                    policy.aliases[try alias.aliasName()] = try alias.version()
                }
            case "split":
                for share in try value.members() { policy.split.append(try self.share(share, policy.split)) }
            case "sticky": policy.stickiness = try stickiness(value)
            case "shadow": policy.shadow = try shadow(value)
            case "warm_up": policy.warmUp = try warmUp(value)
            case "limits": policy.limits = try limits(value)
            case "dynamic_batching": policy.dynamicBatching = try DynamicBatching(value)
            case "best_iteration": policy.usesBestIteration = try value.flag()
            case "load": policy.load = try load(value)
            case "pinned": policy.isPinned = try value.flag()
            default: throw unknown(entry, among: keys, under: "")
            }
        }
        do {
            try policy.check()
        } catch {
            throw placed(error, in: document)
        }
        return policy
    }

    private static func document(_ text: Span<UInt8>) throws(PolicyDefect) -> YAMLValue? {
        do {
            return try YAMLDocument.parse(text)
        } catch {
            throw PolicyDefect(error.message, line: error.mark.line, column: error.mark.column)
        }
    }

    private static func mapping(_ value: YAMLValue, _ key: String) throws(PolicyDefect) -> [YAMLValue.Entry] {
        guard let entries = value.mapping else {
            throw PolicyDefect(
                key: key, "keys with values are needed here, not \(value.kindName)",
                line: value.mark.line, column: value.mark.column)
        }
        return entries
    }

    /// A defect of the whole, at the key that it is about.
    private static func placed(_ defect: PolicyDefect, in document: YAMLValue) -> PolicyDefect {
        var defect = defect
        var value = document
        for part in defect.key.split(separator: ".", maxSplits: 1) {
            guard let entry = value.mapping?.first(where: { $0.key == part }) else { break }
            (defect.line, defect.column) = (entry.keyMark.line, entry.keyMark.column)
            value = entry.value
        }
        return defect
    }

    static func unknown(
        _ entry: YAMLValue.Entry, among known: [String], under parent: String
    ) -> PolicyDefect {
        let near = known.first { isNear(entry.key, $0) }
        let advice = near.map { "did you mean \($0)?" } ?? "known are: \(known.joined(separator: ", "))"
        return PolicyDefect(
            key: parent + entry.key, "there is no such key; \(advice)", line: entry.keyMark.line,
            column: entry.keyMark.column)
    }

    /// One has the letters of the other but for two, or begins with it.
    private static func isNear(_ given: String, _ known: String) -> Bool {
        let (left, right) = (Array(given.utf8.prefix(64)), Array(known.utf8))
        if given.utf8.count >= 3 && (known.hasPrefix(given) || given.hasPrefix(known)) { return true }
        var row = Array(0...right.count)
        for (position, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = position + 1
            for column in right.indices {
                let cost = min(
                    row[column] + 1, row[column + 1] + 1, diagonal + (right[column] == byte ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = cost
            }
        }
        return row[right.count] <= 2
    }

    // MARK: Members

    private static func versions(_ value: PolicyValue) throws(PolicyDefect) -> ModelPolicy.Versions {
        if value.value.scalar == "all" { return .all }
        if value.value.sequence != nil {
            var listed: [ModelVersion] = []
            for element in try value.elements() { listed.append(try element.version()) }
            guard !listed.isEmpty else { throw value.defect("the list is empty; name a version") }
            return .listed(listed)
        }
        guard let latest = try? value.members(known: ["latest"]).first else {
            throw value.defect("allowed: all, a list of versions, or latest: N")
        }
        return .latest(try latest.count(1...1000))
    }

    private static func share(
        _ value: PolicyValue, _ others: [ModelPolicy.Share]
    ) throws(PolicyDefect) -> ModelPolicy.Share {
        guard let target = VersionTarget(value.name) else {
            throw value.defect("a share belongs to a version, to latest or to an alias (\(AliasName.rule))")
        }
        guard !others.contains(where: { $0.target == target }) else {
            throw value.defect("has a share already")
        }
        return ModelPolicy.Share(target, try value.count(0...1_000_000))
    }

    private static func stickiness(_ value: PolicyValue) throws(PolicyDefect) -> ModelPolicy.Stickiness {
        if value.value.scalar == "body" { return .body }
        guard value.value.mapping != nil, let member = try value.members(known: ["header"]).first else {
            throw value.defect("allowed: body, or header: NAME")
        }
        let name = try member.text()
        let isToken = name.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains($0)
        }
        guard !name.isEmpty, name.utf8.count <= 128, isToken else {
            throw member.defect("'\(name)' is no name of a header")
        }
        return .header(name)
    }

    private static func shadow(_ value: PolicyValue) throws(PolicyDefect) -> ModelPolicy.Shadow {
        var target: VersionTarget?
        var percent = 100.0
        for member in try value.members(known: ["to", "percent"]) {
            if member.name == "to" { target = try member.target() } else { percent = try member.percent() }
        }
        guard let target else { throw value.defect("needs to: the version or alias that gets the copies") }
        return ModelPolicy.Shadow(target, percent: percent)
    }

    private static func warmUp(_ value: PolicyValue) throws(PolicyDefect) -> ModelPolicy.WarmUp {
        var result = ModelPolicy.WarmUp(inputs: [], repetitions: 1)
        for member in try value.members(known: ["inputs", "repeat"]) {
            if member.name == "repeat" {
                result.repetitions = try member.count(1...10_000)
                continue
            }
            for row in try member.elements() {
                var values: [SampleValue] = []
                for element in try row.elements() { values.append(try element.sample()) }
                result.inputs.append(values)
            }
            guard result.inputs.count <= 1000 else { throw member.defect("has more than 1000 rows") }
        }
        guard !result.inputs.isEmpty else { throw value.defect("needs inputs: a list of rows") }
        return result
    }

    private static func limits(_ value: PolicyValue) throws(PolicyDefect) -> ModelPolicy.Limits {
        var limits = ModelPolicy.Limits()
        let known = ["concurrency", "queue", "queue_policy", "deadline", "memory"]
        for member in try value.members(known: known) {
            switch member.name {
            case "queue_policy":
                guard let policy = ModelPolicy.QueuePolicy(rawValue: try member.text()) else {
                    throw member.defect("allowed: reject, wait")
                }
                limits.queuePolicy = policy
            case "concurrency": limits.concurrency = try member.count(1...1_000_000)
            case "queue": limits.queue = try member.count(0...1_000_000)
            case "deadline": limits.deadline = try member.nanoseconds()
            default: limits.memory = try member.bytes()
            }
        }
        return limits
    }

    private static func load(_ value: PolicyValue) throws(PolicyDefect) -> ModelPolicy.Load {
        guard let load = ModelPolicy.Load(rawValue: try value.text()) else {
            let names = ModelPolicy.Load.allCases.map(\.rawValue).joined(separator: ", ")
            throw value.defect("allowed: \(names)")
        }
        return load
    }
}
