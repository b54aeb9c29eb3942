// SPDX-License-Identifier: Apache-2.0
package import Base

/// Changes as the admin API has them: docs/protocols/admin.md.
extension PolicyChange {
    /// The body of a request that makes this change.
    package func document(reason: String) -> JSONValue {
        var members: JSONObject = ["action": .string(name.replacing(" ", with: "_"))]
        switch self {
        case .promote(let version), .pin(let version), .retire(let version), .restore(let version):
            members["version"] = .integer(version.number)
        case .alias(let name, let version):
            members["alias"] = .string(name)
            members["version"] = version.map { .integer($0.number) } ?? .null
        case .split(let shares):
            var split = JSONObject()
            for share in shares { split[share.target.description] = .integer(Int64(share.weight)) }
            members["split"] = .object(split)
        case .shadow(let shadow):
            members["to"] = shadow.map { .string($0.target.description) } ?? .null
            if let shadow { members["percent"] = .number(shadow.percent) }
        case .rollBack(let revision): if let revision { members["revision"] = .integer(revision) }
        case .unpin: break
        }
        if !reason.isEmpty { members["reason"] = .string(reason) }
        return .object(members)
    }

    /// Reads such a body; members that are not known are refused.
    ///
    /// - Throws: `invalidChange`.
    package static func read(
        _ document: JSONValue, model: String
    ) throws(RegistryError) -> (change: PolicyChange, reason: String) {
        do {
            let members = try ChangeMembers(document)
            let change = try members.change()
            try members.checkNothingIsLeft(after: change)
            return (change, members.object["reason"]?.string ?? "")
        } catch {
            throw .invalidChange(model: model, reason: error.description)
        }
    }
}

/// The members of a change, each read by its rule.
private struct ChangeMembers {
    let object: JSONObject
    let action: String

    init(_ document: JSONValue) throws(PolicyDefect) {
        guard let object = document.object, let action = object["action"]?.string else {
            throw PolicyDefect(key: "action", "must say what to do")
        }
        self.object = object
        self.action = action
        if let reason = object["reason"], reason.string.map({ $0.utf8.count > 1000 }) ?? true {
            throw PolicyDefect(key: "reason", "must be a text of at most 1000 bytes")
        }
    }

    func change() throws(PolicyDefect) -> PolicyChange {
        switch action {
        case "promote": return .promote(try version())
        case "pin": return .pin(try version())
        case "retire": return .retire(try version())
        case "restore": return .restore(try version())
        case "unpin": return .unpin
        case "alias":
            guard let name = object["alias"]?.string, AliasName.isValid(name) else {
                throw PolicyDefect(key: "alias", "must be the name of an alias: \(AliasName.rule)")
            }
            return .alias(name, object["version"] == .null ? nil : try version())
        case "split": return .split(try shares())
        case "shadow": return .shadow(object["to"] == .null ? nil : try shadow())
        case "roll_back":
            guard let value = object["revision"] else { return .rollBack(to: nil) }
            guard let number = value.integer, (0...PolicyRevision.numberMax).contains(number) else {
                throw PolicyDefect(key: "revision", "must be the number of a revision")
            }
            return .rollBack(to: number)
        default:
            throw PolicyDefect(
                key: "action",
                "is none of promote, alias, pin, unpin, split, shadow, retire, restore, roll_back")
        }
    }

    func checkNothingIsLeft(after change: PolicyChange) throws(PolicyDefect) {
        var known = Set(change.document(reason: "").object?.members.map(\.key) ?? []).union(["reason"])
        if case .rollBack = change { known.insert("revision") }
        if let other = object.members.first(where: { !known.contains($0.key) }) {
            throw PolicyDefect(key: other.key, "is not known with the action '\(action)'")
        }
    }

    private func version() throws(PolicyDefect) -> ModelVersion {
        guard let number = object["version"]?.integer, number >= 0 else {
            throw PolicyDefect(key: "version", "must be the number of a version")
        }
        return ModelVersion(number)
    }

    private func shares() throws(PolicyDefect) -> [ModelPolicy.Share] {
        guard let members = object["split"]?.object?.members else {
            throw PolicyDefect(key: "split", "must be an object of weights")
        }
        var shares: [ModelPolicy.Share] = []
        for member in members {
            guard let target = VersionTarget(member.key), let weight = member.value.integer,
                (0...1_000_000).contains(weight)
            else {
                throw PolicyDefect(
                    key: "split.\(member.key)", "must be a weight from 0 to 1000000 of a version or an alias")
            }
            shares.append(ModelPolicy.Share(target, Int(weight)))
        }
        return shares
    }

    private func shadow() throws(PolicyDefect) -> ModelPolicy.Shadow {
        guard let target = object["to"]?.string.flatMap({ VersionTarget($0) }) else {
            throw PolicyDefect(key: "to", "must be a version or an alias, as a text, or null")
        }
        let percent = object["percent"].map(\.double) ?? 100
        guard let percent, percent > 0, percent <= 100 else {
            throw PolicyDefect(key: "percent", "must be a number above 0 and at most 100")
        }
        return ModelPolicy.Shadow(target, percent: percent)
    }
}

extension PolicyStore.Outcome {
    /// What is answered to a change.
    package func document(model: String, action: String) -> JSONValue {
        .object([
            "model": .string(model), "action": .string(action), "changed": .bool(isNew),
            "revision": .integer(revision), "default": .string(defaultTarget.description),
            "version": defaultVersion.map { .integer($0.number) } ?? .null,
        ])
    }
}

extension VersionRemoval.Collected {
    package var document: JSONValue {
        .object(["model": .string(model), "version": version.map { .integer($0.number) } ?? .null])
    }
}

extension VersionStaging.Published {
    package var document: JSONValue {
        .object([
            "model": .string(model), "version": .integer(version.number),
            "files": .array(
                files.map {
                    .object([
                        "name": .string($0.name), "size": .integer($0.size), "sha256": .string($0.sha256),
                    ])
                }),
        ])
    }
}

extension PolicyStore {
    /// Which versions answer, and who decided it.
    package func document() throws(RegistryError) -> JSONValue {
        let state = try state()
        let policy = state.policy
        var aliases = JSONObject()
        for (name, version) in policy.aliases.sorted(by: { $0.key < $1.key }) {
            aliases[name] = .integer(version.number)
        }
        var split = JSONObject()
        for share in policy.split { split[share.target.description] = .integer(Int64(share.weight)) }
        let shadow = policy.shadow.map { shadow -> JSONValue in
            .object(["to": .string(shadow.target.description), "percent": .number(shadow.percent)])
        }
        let history = try history().map { revision -> JSONValue in
            .object([
                "revision": .integer(revision.number), "time": .string(revision.time),
                "actor": .string(revision.actor), "action": .string(revision.action),
                "reason": .string(revision.reason),
            ])
        }
        return .object([
            "model": .string(model), "versions": .array(state.versions.map { .integer($0.number) }),
            "default": .string(policy.defaultTarget.description), "aliases": .object(aliases),
            "split": .object(split), "shadow": shadow ?? .null,
            "retired": .array(policy.retired.sorted().map { .integer($0.number) }),
            "revision": state.revision.number < 0 ? .null : .integer(state.revision.number),
            "history": .array(history),
        ])
    }
}
