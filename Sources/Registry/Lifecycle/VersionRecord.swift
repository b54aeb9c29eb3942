// SPDX-License-Identifier: Apache-2.0
internal import Base

/// What the registry knows of one version.
struct VersionRecord {
    var listing: VersionListing
    /// When the files were first seen as they are.
    var unchangedSince: MonotonicInstant
    /// The files count: they are at rest, or were published whole.
    var isSettled: Bool
    /// Of the files as they are now.
    var state = VersionState.found
    /// What answers; stays while changed files of the version are looked at.
    var live: LoadedModel?
    /// Answered before, and may still be held by requests.
    weak var leaving: LoadedModel?
    /// What it was loaded or refused by.
    var options = LoadOptions()
    /// When a refusal that may pass is given another chance.
    var retryAt: MonotonicInstant?
    var transientFailures = 0
    var isQueued = false
    /// Its directory is no longer there.
    var isGone = false
    /// Bytes of memory that it took when it was last loaded; 0 before.
    var memoryBytes = 0

    init(_ listing: VersionListing, now: MonotonicInstant, isSettled: Bool) {
        self.listing = listing
        unchangedSince = now
        self.isSettled = isSettled
    }

    mutating func advance(_ event: VersionEvent) {
        guard let next = state.after(event) else {
            preconditionFailure("\(event) cannot happen to a version that is \(state.name)")
        }
        state = next
    }

    /// About the bytes of memory that loading it takes.
    var expectedBytes: Int {
        if memoryBytes > 0 { return memoryBytes }
        return Int(clamping: listing.candidates.map(\.facts.size).max() ?? 0)
    }

    /// Its files count when they have been as they are for a while.
    var isUnsettled: Bool { !isSettled && (state == .found || state == .unloaded) }

    /// A later look may find it otherwise although its files do not change.
    var isRestless: Bool {
        isUnsettled || retryAt != nil || state == .draining
    }
}

/// What the registry knows of one model.
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

    /// A policy that says something. Most models have none, and records of ten thousand stand side by side.
    private final class KeptPolicy: Sendable {
        let policy: ModelPolicy
        init(_ policy: ModelPolicy) { self.policy = policy }
    }

    let slot: ModelSlot
    /// Its directory is no longer there.
    var isGone = false
    var versions: [ModelVersion: VersionRecord] = [:]
    /// The newest that is good.
    var policy: ModelPolicy {
        get { keptPolicy?.policy ?? ModelPolicy() }
        set { keptPolicy = newValue == ModelPolicy() ? nil : KeptPolicy(newValue) }
    }
    private var keptPolicy: KeptPolicy?
    /// False while there is a policy that nobody could read yet: nothing is served.
    var isPolicyKnown = true
    var policyDefect: RegistryError?
    /// What requests follow: `policy`, or the one before it until all its versions are ready.
    var effective: ModelPolicy? {
        get { isEffective ? keptEffective?.policy ?? ModelPolicy() : nil }
        set {
            isEffective = newValue != nil
            keptEffective = newValue.flatMap { $0 == ModelPolicy() ? nil : KeptPolicy($0) }
        }
    }
    private var isEffective = false
    private var keptEffective: KeptPolicy?
    /// What `policy` waits for to be in force.
    var waitsFor: [ModelVersion] = []
    var demand = Demand.policy

    init(slot: ModelSlot) { self.slot = slot }

    /// Some version is being loaded, or is about to be.
    var isBusy: Bool { versions.values.contains { $0.state.isBusy || $0.isQueued } }
}
