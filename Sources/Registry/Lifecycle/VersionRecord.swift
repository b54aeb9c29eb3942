// SPDX-License-Identifier: Apache-2.0
internal import Base

/// What the registry knows of one version. Thousands stand side by side: what few have lies elsewhere.
struct VersionRecord {
    /// Of its files.
    var mark: ListingMark
    /// When the files were first seen as they are.
    var unchangedSince: MonotonicInstant
    /// The files count: they are at rest, or were published whole.
    var isSettled: Bool
    var isQueued = false
    /// Its directory is no longer there.
    var isGone = false
    /// Of the files as they are now.
    var state = VersionState.found
    /// What answers; stays while changed files of the version are looked at.
    var live: LoadedModel?
    /// Answered before, and may still be held by requests.
    weak var leaving: LoadedModel?
    /// Bytes of memory that it took when it was last loaded; 0 before.
    var memoryBytes = 0
    private var history: History?

    /// What came of loading it.
    private final class History: Sendable {
        let options: LoadOptions
        let retryAt: MonotonicInstant?
        let transientFailures: Int

        init(_ options: LoadOptions, _ retryAt: MonotonicInstant?, _ transientFailures: Int) {
            self.options = options
            self.retryAt = retryAt
            self.transientFailures = transientFailures
        }
    }

    /// What it was loaded or refused by.
    var options: LoadOptions {
        get { history?.options ?? LoadOptions() }
        set { keep(newValue, retryAt, transientFailures) }
    }

    /// When a refusal that may pass is given another chance.
    var retryAt: MonotonicInstant? {
        get { history?.retryAt }
        set { keep(options, newValue, transientFailures) }
    }

    var transientFailures: Int {
        get { history?.transientFailures ?? 0 }
        set { keep(options, retryAt, newValue) }
    }

    private mutating func keep(_ options: LoadOptions, _ retryAt: MonotonicInstant?, _ failures: Int) {
        if options == LoadOptions() && retryAt == nil && failures == 0 {
            history = nil
        } else {
            history = History(options, retryAt, failures)
        }
    }

    init(_ mark: ListingMark, now: MonotonicInstant, isSettled: Bool) {
        self.mark = mark
        unchangedSince = now
        self.isSettled = isSettled
    }

    /// As it is told: what answers is ready, also while changed files of the version are looked at.
    var shownState: VersionState { live == nil ? state : .ready }

    mutating func advance(_ event: VersionEvent) {
        guard let next = state.after(event) else {
            preconditionFailure("\(event) cannot happen to a version that is \(state.name)")
        }
        state = next
    }

    /// About the bytes of memory that loading it takes.
    var expectedBytes: Int {
        if memoryBytes > 0 { return memoryBytes }
        return Int(clamping: mark.size)
    }

    /// Its files count when they have been as they are for a while.
    var isUnsettled: Bool { !isSettled && (state == .found || state == .unloaded) }

    /// A later look may find it otherwise although its files do not change.
    var isRestless: Bool {
        isUnsettled || retryAt != nil || state == .draining
    }
}
