// SPDX-License-Identifier: Apache-2.0

/// What a policy means for the versions that are ready: which of them answers what. A value that is made of
/// the two and nothing else.
package struct TrafficPlan: Sendable, Equatable {
    /// A version's part of the points from 0 on that requests get.
    package struct Share: Sendable, Equatable {
        /// Points below this and not below the share before belong to it.
        package var limit: UInt64
        /// Nil: not ready, so that `defaultVersion` answers.
        package var version: ModelVersion?
    }

    /// What answers copies of requests, too.
    package struct Shadow: Sendable, Equatable {
        package var version: ModelVersion
        /// Requests whose point is below this are copied.
        package var limit: UInt64
    }

    /// What answers a request that names neither version nor alias, but for a split.
    package var defaultVersion: ModelVersion?
    /// Aliases whose version is ready.
    package var aliases: [String: ModelVersion] = [:]
    /// Empty: no split.
    package var shares: [Share] = []
    /// Nil also when its version is not ready, or would only repeat itself.
    package var shadow: Shadow?
    /// Versions that the policy sends requests to and that are not ready, the oldest first.
    package var missing: [ModelVersion] = []

    /// - Parameter ready: the versions that are ready, in any order.
    package init(_ policy: ModelPolicy, ready: some Collection<ModelVersion>) {
        let newest = ready.max()
        var missing: Set<ModelVersion> = []
        func resolve(_ target: VersionTarget) -> ModelVersion? {
            guard let version = policy.version(of: target) else { return newest }
            if ready.contains(version) { return version }
            missing.insert(version)
            return nil
        }
        defaultVersion = resolve(policy.defaultTarget)
        for (name, version) in policy.aliases {
            if let ready = resolve(.version(version)) { aliases[name] = ready }
        }
        let sum = policy.split.reduce(0) { $0 + $1.weight }
        var taken = 0
        for share in policy.split where share.weight > 0 {
            taken += share.weight
            shares.append(
                Share(limit: SplitPoint.limit(taken, of: sum), version: resolve(share.target)))
        }
        self.missing = missing.sorted()
        // A shadow that is not there holds nothing up: nobody waits for its answers.
        if let wanted = policy.shadow {
            let version = policy.version(of: wanted.target) ?? newest
            if let version, ready.contains(version) {
                let limit = SplitPoint.limit(Int(wanted.percent * 1_000_000), of: 100_000_000)
                shadow = Shadow(version: version, limit: limit)
            }
        }
    }

    /// Every version that the policy sends requests to is ready.
    package var isComplete: Bool { missing.isEmpty && defaultVersion != nil }

    /// The version that answers at `point` of a split; nil when none is ready.
    package func version(at point: UInt64) -> ModelVersion? {
        // The last share ends at the greatest point, which belongs to it, too.
        let share = shares.first { point < $0.limit } ?? shares.last
        return share?.version ?? defaultVersion
    }
}
