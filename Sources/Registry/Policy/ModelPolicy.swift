// SPDX-License-Identifier: Apache-2.0
package import ModelFormat

/// What people and programs have decided about one model: docs/reference/model-policy.md.
///
/// The members are as they were written; what they mean for the versions that are there is a `TrafficPlan`.
package struct ModelPolicy: Sendable, Equatable {
    /// Which versions are served, beside those that the policy names otherwise.
    package enum Versions: Sendable, Equatable {
        /// The newest N that can be loaded.
        case latest(Int)
        case all
        case listed([ModelVersion])
    }

    /// Part of the requests that name no version.
    package struct Share: Sendable, Equatable {
        package var target: VersionTarget
        /// Relative to the sum of all.
        package var weight: Int

        package init(_ target: VersionTarget, _ weight: Int) {
            self.target = target
            self.weight = weight
        }
    }

    /// What keeps the requests of one user at one version of a split.
    package enum Stickiness: Sendable, Equatable {
        /// The value of the request header with this name.
        case header(String)
        /// The bytes of the request's body.
        case body
    }

    /// What answers copies of requests, too.
    package struct Shadow: Sendable, Equatable {
        package var target: VersionTarget
        /// Of the requests, above 0 and at most 100.
        package var percent: Double

        package init(_ target: VersionTarget, percent: Double = 100) {
            self.target = target
            self.percent = percent
        }
    }

    /// Rows that a version answers before it goes live.
    package struct WarmUp: Sendable, Equatable {
        /// One value a feature of the schema, in its order.
        package var inputs: [[SampleValue]]
        package var repetitions: Int
    }

    /// Of one daemon; nil: no limit.
    package struct Limits: Sendable, Equatable {
        /// Requests that are answered at the same time.
        package var concurrency: Int?
        /// Further requests that wait for that.
        package var queue = 64
        /// The longest wait before the work begins, in nanoseconds.
        package var deadline: UInt64?
        /// Bytes that one version may take.
        package var memory: Int?
        /// What becomes of a request that would wait long for a worker; nil: what the daemon says.
        package var queuePolicy: QueuePolicy?
    }

    /// Whether a request that would wait long for a worker is refused at once.
    package enum QueuePolicy: String, Sendable {
        case reject, wait
    }

    /// When a model is loaded.
    package enum Load: String, Sendable, CaseIterable {
        case start
        case firstUse = "first_use"
        /// When somebody asks for it.
        case explicit
    }

    package var versions: Versions?
    package var defaultTarget: VersionTarget = .latest
    package var aliases: [String: ModelVersion] = [:]
    /// Empty: no split.
    package var split: [Share] = []
    package var stickiness: Stickiness?
    package var shadow: Shadow?
    package var warmUp: WarmUp?
    package var limits = Limits()
    package var dynamicBatching: DynamicBatching?
    package var usesBestIteration = false
    package var load: Load?
    package var isPinned = false
    /// Never loaded, whatever else names them.
    package var retired: Set<ModelVersion> = []

    package init() {}

    /// This policy, as it stands in `model.yaml`, with what programs have decided since.
    ///
    /// - Throws: when the two do not fit together.
    package func applying(_ revision: PolicyRevision) throws(PolicyDefect) -> ModelPolicy {
        var result = self
        if let versions = revision.versions { result.versions = versions }
        if let target = revision.defaultTarget { result.defaultTarget = target ?? .latest }
        for alias in revision.aliases { result.aliases[alias.name] = alias.version }
        if let split = revision.split { result.split = split ?? [] }
        if let shadow = revision.shadow { result.shadow = shadow }
        result.retired = Set(revision.retired)
        try result.check()
        return result
    }

    /// The members that `revision` covers though they stand in `model.yaml`, for the log.
    package func covered(by revision: PolicyRevision) -> [String] {
        let empty = ModelPolicy()
        var covered: [String] = []
        if revision.versions != nil && versions != nil { covered.append("versions") }
        if revision.defaultTarget != nil && defaultTarget != empty.defaultTarget { covered.append("default") }
        for alias in revision.aliases where aliases[alias.name] != nil {
            covered.append("aliases.\(alias.name)")
        }
        if revision.split != nil && !split.isEmpty { covered.append("split") }
        if revision.shadow != nil && shadow != nil { covered.append("shadow") }
        return covered
    }

    /// Whatever needs the whole of a policy to be seen.
    ///
    /// - Throws: an alias that is used and does not exist; a split without weight; a retired version in use.
    package func check() throws(PolicyDefect) {
        try check(defaultTarget, key: "default")
        for share in split { try check(share.target, key: "split.\(share.target)") }
        if !split.isEmpty && split.allSatisfy({ $0.weight == 0 }) {
            throw PolicyDefect(key: "split", "every share is 0; give one a share")
        }
        if let shadow { try check(shadow.target, key: "shadow.to") }
    }

    private func check(_ target: VersionTarget, key: String) throws(PolicyDefect) {
        var version: ModelVersion?
        switch target {
        case .latest: return
        case .version(let number): version = number
        case .alias(let name):
            version = aliases[name]
            if version == nil {
                throw PolicyDefect(key: key, "there is no alias '\(name)'; add it to aliases")
            }
        }
        if let version, retired.contains(version) {
            throw PolicyDefect(key: key, "version \(version) is retired; name another one")
        }
    }

    /// The version that a target stands for; nil for `latest` and an alias that does not exist.
    package func version(of target: VersionTarget) -> ModelVersion? {
        switch target {
        case .latest: nil
        case .version(let version): version
        case .alias(let name): aliases[name]
        }
    }

    /// Versions that are served because the policy names them, whatever `versions` says.
    package var namedVersions: Set<ModelVersion> {
        let targets = [defaultTarget] + split.map(\.target) + (shadow.map { [$0.target] } ?? [])
        return Set(targets.compactMap(version)).union(aliases.values).subtracting(retired)
    }
}
