// SPDX-License-Identifier: Apache-2.0

/// What an operator decides about a model's versions; each becomes a revision of its policy.
package enum PolicyChange: Sendable, Equatable {
    /// The version answers requests that name none: it becomes what `default` names, or the default itself.
    case promote(ModelVersion)
    /// The alias stands for the version; without one there is no such alias.
    case alias(String, ModelVersion?)
    /// The version answers until somebody says otherwise, whatever is published.
    case pin(ModelVersion)
    /// What `model.yaml` says, or else the newest version, answers again.
    case unpin
    /// Shares of the requests that name no version; none: the default answers.
    case split([ModelPolicy.Share])
    case shadow(ModelPolicy.Shadow?)
    /// The version is never loaded again.
    case retire(ModelVersion)
    case restore(ModelVersion)
    /// What an earlier revision said; nil: what was said before the last change.
    case rollBack(to: Int64?)

    /// As it stands in the revision.
    package var name: String {
        switch self {
        case .promote: "promote"
        case .alias: "alias"
        case .pin: "pin"
        case .unpin: "unpin"
        case .split: "split"
        case .shadow: "shadow"
        case .retire: "retire"
        case .restore: "restore"
        case .rollBack: PolicyChange.rollBackName
        }
    }

    static let rollBackName = "roll back"

    /// The versions that must be there for it.
    var versions: [ModelVersion] {
        switch self {
        case .promote(let version), .pin(let version), .retire(let version), .alias(_, let version?):
            [version]
        case .split(let shares):
            shares.compactMap { if case .version(let version) = $0.target { version } else { nil } }
        case .shadow(let shadow?): if case .version(let version) = shadow.target { [version] } else { [] }
        case .alias(_, nil), .unpin, .shadow(nil), .restore, .rollBack: []
        }
    }
}

extension PolicyRevision {
    /// The same decisions, whoever made them, when and as which revision.
    func decidesTheSame(as other: PolicyRevision) -> Bool {
        var other = other
        (other.number, other.time, other.actor) = (number, time, actor)
        (other.action, other.reason) = (action, reason)
        return self == other
    }

    /// Takes in a change other than going back.
    ///
    /// - Parameter people: what `model.yaml` says.
    mutating func apply(_ change: PolicyChange, people: ModelPolicy) {
        switch change {
        case .promote(let version): promote(version, people: people)
        case .alias(let name, let version): set(name, version, people: people)
        case .pin(let version):
            defaultTarget = .some(.version(version))
            endSplit(people: people)
        case .unpin: defaultTarget = nil
        case .split(let shares): split = shares.isEmpty ? endedSplit(people: people) : .some(shares)
        case .shadow(let shadow): self.shadow = shadow == nil && people.shadow == nil ? nil : .some(shadow)
        case .retire(let version):
            if !retired.contains(version) { retired = (retired + [version]).sorted() }
        case .restore(let version): retired.removeAll { $0 == version }
        case .rollBack: preconditionFailure("going back needs the earlier revisions")
        }
    }

    private mutating func promote(_ version: ModelVersion, people: ModelPolicy) {
        let current = defaultTarget.map { $0 ?? .latest } ?? people.defaultTarget
        let shares = split.map { $0 ?? [] } ?? people.split
        guard case .alias(let name) = current else {
            defaultTarget = .some(.version(version))
            return endSplit(people: people)
        }
        set(name, version, people: people)
        // Shares that name the alias mean whatever it stands for; numbers would hold on to the old version.
        if !shares.contains(where: { $0.target == current }) { endSplit(people: people) }
    }

    private mutating func set(_ name: String, _ version: ModelVersion?, people: ModelPolicy) {
        if let position = aliases.firstIndex(where: { $0.name == name }) {
            aliases[position].version = version
        } else {
            aliases.append(Alias(name, version))
        }
        if version == nil && people.aliases[name] == nil { aliases.removeAll { $0.name == name } }
    }

    private mutating func endSplit(people: ModelPolicy) { split = endedSplit(people: people) }

    private func endedSplit(people: ModelPolicy) -> [ModelPolicy.Share]?? {
        people.split.isEmpty ? nil : .some(nil)
    }
}
