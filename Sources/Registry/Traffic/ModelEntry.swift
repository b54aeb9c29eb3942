// SPDX-License-Identifier: Apache-2.0

/// What answers for one model at one moment. Immutable.
package final class ModelEntry: Sendable {
    /// Ready versions, the newest first; a handful.
    package let ready: [LoadedModel]
    /// The policy that is in force.
    package let policy: ModelPolicy
    package let plan: TrafficPlan
    /// Nobody has asked for the model yet, or it was unloaded to make room: a request may have it loaded.
    package let isLoadedOnUse: Bool
    /// Whether there are limits, a shadow or rules for the queue, so that requests have to do with more than
    /// the version.
    package let hasTraffic: Bool
    /// Whether its uses are noted, because it may have to leave.
    let isEvictable: Bool

    /// Of all models without a policy that are not loaded.
    static let empty = ModelEntry(ready: [], policy: ModelPolicy())
    /// Likewise, of those that their first use loads.
    static let onUse = ModelEntry(ready: [], policy: ModelPolicy(), isLoadedOnUse: true)

    init(
        ready: [LoadedModel], policy: ModelPolicy, isLoadedOnUse: Bool = false, isEvictable: Bool = false
    ) {
        self.ready = ready
        self.policy = policy
        self.isLoadedOnUse = isLoadedOnUse
        self.isEvictable = isEvictable
        plan = TrafficPlan(policy, ready: ready.map(\.version))
        hasTraffic =
            policy.limits.concurrency != nil || policy.limits.deadline != nil || plan.shadow != nil
            || policy.limits.queuePolicy != nil || policy.dynamicBatching != nil
    }

    /// The newest version that is ready.
    package var newest: LoadedModel? { ready.first }

    /// The version that answers when a request names neither version nor alias and there is no split.
    package var defaultModel: LoadedModel? { plan.defaultVersion.flatMap(loaded) }

    /// The ready version with this number, as it stands in a path.
    package func version(named text: String) -> LoadedModel? {
        // The versions are compared as text: a number in a path has one spelling.
        for loaded in ready where loaded.versionText == text { return loaded }
        return nil
    }

    /// The ready version of this number; nil when it is not ready.
    package func loaded(_ version: ModelVersion) -> LoadedModel? {
        for loaded in ready where loaded.version == version { return loaded }
        return nil
    }

    /// The version behind an alias; `latest` is one, too. Nil when it is not ready, or there is no such
    /// alias.
    package func alias(_ name: String) -> LoadedModel? {
        if name == "latest" { return newest }
        return plan.aliases[name].flatMap(loaded)
    }

    /// The version that answers at `point` of the split.
    package func share(at point: UInt64) -> LoadedModel? { plan.version(at: point).flatMap(loaded) }

    /// The version that is asked what `answering` is asked, at `point`.
    package func shadow(at point: UInt64, answering: ModelVersion) -> LoadedModel? {
        guard let shadow = plan.shadow, point < shadow.limit || shadow.limit == .max,
            shadow.version != answering
        else { return nil }
        return loaded(shadow.version)
    }
}
