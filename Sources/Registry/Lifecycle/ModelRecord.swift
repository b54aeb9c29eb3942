// SPDX-License-Identifier: Apache-2.0

/// What the registry knows of one model. Thousands stand side by side: what few of them have lies elsewhere.
struct ModelRecord {
    /// Who has decided whether the model is in memory.
    enum Demand: Sendable {
        /// Its policy, or the daemon's setting.
        case policy
        /// Somebody uses it.
        case requested
        /// Its place was needed: the next use brings it back.
        case evicted
        /// Somebody has unloaded it: only the same brings it back.
        case suspended
    }

    /// What a policy brings about.
    private struct Decisions {
        var policy = ModelPolicy()
        var defect: RegistryError?
        /// Nil before the first policy is in force.
        var effective: ModelPolicy?
        var waitsFor: [ModelVersion] = []
    }

    private final class KeptDecisions: Sendable {
        let decisions: Decisions
        init(_ decisions: Decisions) { self.decisions = decisions }
    }

    let slot: ModelSlot
    var versions = VersionTable()
    /// Nil where nothing is decided, or, with `isEffective`, that nothing but the usual is in force.
    private var kept: KeptDecisions?
    private var isEffective = false
    /// Its directory is no longer there.
    var isGone = false
    /// False while there is a policy that nobody could read yet: nothing is served.
    var isPolicyKnown = true
    var demand = Demand.policy

    private var decisions: Decisions {
        get {
            if let kept { return kept.decisions }
            var decisions = Decisions()
            if isEffective { decisions.effective = decisions.policy }
            return decisions
        }
        set {
            let usual = ModelPolicy()
            isEffective = newValue.effective != nil
            let isUsual =
                newValue.policy == usual && newValue.defect == nil && newValue.waitsFor.isEmpty
                && (newValue.effective ?? usual) == usual
            kept = isUsual ? nil : KeptDecisions(newValue)
        }
    }

    /// The newest that is good.
    var policy: ModelPolicy {
        get { kept?.decisions.policy ?? ModelPolicy() }
        set { decisions.policy = newValue }
    }

    /// As its policy says, for who asks thousands of models.
    var isPinned: Bool { kept?.decisions.policy.isPinned ?? false }

    var policyDefect: RegistryError? {
        get { kept?.decisions.defect }
        set { if newValue != policyDefect { decisions.defect = newValue } }
    }

    /// What requests follow: `policy`, or the one before it until all its versions are ready.
    var effective: ModelPolicy? {
        get { decisions.effective }
        set { decisions.effective = newValue }
    }

    /// What `policy` waits for to be in force.
    var waitsFor: [ModelVersion] {
        get { kept?.decisions.waitsFor ?? [] }
        set { if newValue != waitsFor { decisions.waitsFor = newValue } }
    }

    init(slot: ModelSlot) { self.slot = slot }

    /// Some version is being loaded, or is about to be.
    var isBusy: Bool { versions.values.contains { $0.state.isBusy || $0.isQueued } }
}
