// SPDX-License-Identifier: Apache-2.0
internal import Base

/// What the registry knows and decides: which versions are loaded, kept and let go. Pure; time comes in.
///
/// State: owned by `Registry`, behind its lock.
struct RegistryCore {
    struct Key: Hashable, Sendable {
        var model: String
        var version: ModelVersion
    }

    struct Record {
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
        /// When a refusal that may pass is given another chance.
        var retryAt: MonotonicInstant?
        var transientFailures = 0
        var isQueued = false
    }

    struct Policy: Sendable {
        /// Versions of a model that are ready at the same time.
        var versionsPerModel = 2
        /// How long files of a hand-made copy must be unchanged.
        var settleNanoseconds: UInt64 = 1_000_000_000
        var retryNanoseconds: UInt64 = 5_000_000_000
        var retryNanosecondsMax: UInt64 = 300_000_000_000
    }

    /// What a look or a load led to, for the log.
    enum Change: Sendable {
        case unloaded(LoadedModel)
        case gone(Key)
    }

    let policy: Policy
    private(set) var models: [String: [ModelVersion: Record]] = [:]
    private(set) var view = RegistryView()
    private var queue: [Key] = []
    private var hasScanned = false
    private var firstLook = MonotonicInstant(nanoseconds: 0)

    init(policy: Policy) { self.policy = policy }

    // MARK: Looking

    /// Takes in what a look found at `now`; `wallClock` is the time of files, in nanoseconds since the epoch.
    mutating func observe(_ scan: RegistryScan, now: MonotonicInstant, wallClock: Int64) -> [Change] {
        var changes: [Change] = []
        for name in models.keys where scan.models[name] == nil && scan.unreadableModels[name] == nil {
            for version in models[name, default: [:]].keys {
                remove(Key(model: name, version: version), &changes)
            }
        }
        for (name, listings) in scan.models {
            let isUnreadable = scan.unreadableModels[name] != nil
            for version in models[name, default: [:]].keys where listings[version] == nil && !isUnreadable {
                remove(Key(model: name, version: version), &changes)
            }
            for (version, listing) in listings {
                update(Key(model: name, version: version), listing, now: now, wallClock: wallClock)
            }
            if models[name] == nil { models[name] = [:] }
            evaluate(name, &changes)
        }
        for name in models.keys where models[name]?.isEmpty == true && scan.models[name] == nil {
            models[name] = nil
            view.models[name] = nil
        }
        if !hasScanned { firstLook = now }
        hasScanned = true
        return changes
    }

    private mutating func update(
        _ key: Key, _ listing: VersionListing, now: MonotonicInstant, wallClock: Int64
    ) {
        guard var record = models[key.model]?[key.version] else {
            let age = wallClock.subtractingReportingOverflow(listing.modified).partialValue
            let isOld = !hasScanned && age >= Int64(policy.settleNanoseconds)
            let isSettled = isOld || listing.file(named: Companion.manifest) != nil
            models[key.model, default: [:]][key.version] = Record(
                listing: listing, unchangedSince: now, isSettled: isSettled)
            return
        }
        if record.listing.files != listing.files {
            record.unchangedSince = now
            record.isSettled = listing.file(named: Companion.manifest) != nil
            record.transientFailures = 0
            record.retryAt = nil
            record.listing = listing
            // One that is being loaded is found out to be outdated when it is done.
            if record.state != .loading && record.state != .verifying { advance(&record, .tryAgain) }
        } else {
            record.listing = listing
            if now.nanoseconds(since: record.unchangedSince) >= policy.settleNanoseconds {
                record.isSettled = true
            }
            if let retryAt = record.retryAt, retryAt <= now, case .refused = record.state {
                record.retryAt = nil
                advance(&record, .tryAgain)
            }
        }
        if record.state == .unloading && record.leaving == nil { advance(&record, .released) }
        models[key.model]?[key.version] = record
    }

    private mutating func remove(_ key: Key, _ changes: inout [Change]) {
        guard var record = models[key.model]?[key.version] else { return }
        if let live = record.live {
            changes.append(.unloaded(live))
            record.leaving = live
            record.live = nil
            record.state = .unloading
            models[key.model]?[key.version] = record
            publish(key.model)
        } else if record.leaving == nil {
            models[key.model]?[key.version] = nil
            changes.append(.gone(key))
            publish(key.model)
        } else {
            record.state = .unloading
            models[key.model]?[key.version] = record
        }
    }

    private func advance(_ record: inout Record, _ event: VersionEvent) {
        guard let next = record.state.after(event) else {
            preconditionFailure("\(event) cannot happen to a version that is \(record.state.name)")
        }
        record.state = next
    }

    // MARK: Deciding

    /// Decides for one model what to load and what to let go, and publishes what answers.
    private mutating func evaluate(_ name: String, _ changes: inout [Change]) {
        guard var versions = models[name] else { return }
        var claimed = 0
        var readyAbove = 0
        for version in versions.keys.sorted(by: >) {
            guard var record = versions[version] else { continue }
            let isWanted = claimed < policy.versionsPerModel
            if readyAbove >= policy.versionsPerModel {
                retire(&record, &changes)
            } else if record.state == .unloaded, isWanted {
                advance(&record, .tryAgain)
            } else if record.state == .found, !isWanted, record.live == nil {
                advance(&record, .retire)
            }
            if record.state == .found, isWanted || record.live != nil, record.isSettled, !record.isQueued {
                record.isQueued = true
                queue.append(Key(model: name, version: version))
            }
            switch record.state {
            case .found, .loading, .verifying, .ready: claimed += 1
            case .refused: claimed += record.live == nil ? 0 : 1
            case .unloading, .unloaded: break
            }
            if record.live != nil { readyAbove += 1 }
            versions[version] = record
        }
        models[name] = versions
        publish(name)
    }

    private func retire(_ record: inout Record, _ changes: inout [Change]) {
        if let live = record.live {
            changes.append(.unloaded(live))
            record.leaving = live
            record.live = nil
            // The state may be that of changed files; what matters now is what leaves.
            record.state = .unloading
        } else if record.state == .found {
            advance(&record, .retire)
        }
    }

    private mutating func publish(_ name: String) {
        guard let versions = models[name], !versions.isEmpty || view.models[name] == nil else {
            if models[name]?.isEmpty == true {
                view.models[name] = ModelEntry(name: name, ready: [], reports: [])
            }
            return
        }
        let ready = versions.values.compactMap(\.live).sorted { $0.version > $1.version }
        view.models[name] = ModelEntry(name: name, ready: ready, reports: reports(of: name))
    }

    // MARK: Loading

    /// The next version to be loaded, now in state `loading`.
    mutating func nextLoad() -> (key: Key, listing: VersionListing)? {
        while !queue.isEmpty {
            let key = queue.removeFirst()
            guard var record = models[key.model]?[key.version] else { continue }
            record.isQueued = false
            let isDue = record.state == .found && record.isSettled
            if isDue { advance(&record, .load) }
            models[key.model]?[key.version] = record
            if isDue { return (key, record.listing) }
        }
        return nil
    }

    /// The version is parsed and about to be verified.
    mutating func parsed(_ key: Key) {
        guard var record = models[key.model]?[key.version], record.state == .loading else { return }
        advance(&record, .parsed)
        models[key.model]?[key.version] = record
    }

    enum Verdict: Sendable {
        case ready
        case refused
        /// The files changed meanwhile, or are not at rest: it is looked at again, nobody needs to know.
        case outdated
    }

    /// Takes in the end of a load of `listing`.
    mutating func finish(
        _ key: Key, _ listing: VersionListing, _ result: Result<LoadedModel, RegistryError>,
        now: MonotonicInstant
    ) -> (verdict: Verdict, changes: [Change]) {
        guard var record = models[key.model]?[key.version],
            record.state == .loading || record.state == .verifying
        else { return (.outdated, []) }
        let isAtRest = now.nanoseconds(since: record.unchangedSince) >= policy.settleNanoseconds
        var verdict: Verdict
        if record.listing.files != listing.files {
            advance(&record, .tryAgain)
            verdict = .outdated
        } else {
            switch result {
            case .success(let loaded):
                if record.state == .loading { advance(&record, .parsed) }
                advance(&record, .verified)
                record.live = loaded
                record.transientFailures = 0
                verdict = .ready
            case .failure(let error):
                let refusal = Refusal(code: error.code, reason: error.description)
                advance(&record, .failed(refusal))
                verdict = .refused
                if error.isTransient {
                    let delay = policy.retryNanoseconds << UInt64(min(record.transientFailures, 16))
                    record.retryAt = MonotonicInstant(
                        nanoseconds: now.nanoseconds &+ min(delay, policy.retryNanosecondsMax))
                    record.transientFailures += 1
                } else if !isAtRest && record.listing.file(named: Companion.manifest) != nil
                    && record.isSettled
                {
                    // A directory with a manifest that is still being copied: wait until it is at rest.
                    advance(&record, .tryAgain)
                    record.isSettled = false
                    verdict = .outdated
                }
            }
        }
        models[key.model]?[key.version] = record
        var changes: [Change] = []
        evaluate(key.model, &changes)
        return (verdict, changes)
    }

    // MARK: Trust

    /// Takes back what answers and is objected to, and has everything that was refused tried again: somebody
    /// else is trusted now.
    mutating func reconsider(_ objection: (LoadedModel) -> RegistryError?) -> [Change] {
        var changes: [Change] = []
        for (name, versions) in models {
            for (version, var record) in versions {
                if let live = record.live, let error = objection(live) {
                    changes.append(.unloaded(live))
                    record.leaving = live
                    record.live = nil
                    record.state = .refused(Refusal(code: error.code, reason: error.description))
                } else if case .refused = record.state {
                    advance(&record, .tryAgain)
                }
                models[name]?[version] = record
            }
            evaluate(name, &changes)
        }
        return changes
    }

    // MARK: Telling

    /// Whether something waits for time to pass rather than for a change.
    var hasUnsettled: Bool {
        models.values.contains { $0.values.contains { $0.state == .found && !$0.isSettled } }
    }

    /// Every version is as far as it gets by itself, or has not been at rest for all of `patience`.
    func isQuiet(now: MonotonicInstant, patience: UInt64) -> Bool {
        models.values.allSatisfy {
            $0.values.allSatisfy { record in
                switch record.state {
                case .found: !record.isSettled && now.nanoseconds(since: firstLook) >= patience
                case .loading, .verifying: false
                case .ready, .unloading, .unloaded, .refused: true
                }
            }
        }
    }

    /// All versions of a model, the oldest first.
    func reports(of name: String) -> [VersionReport] {
        guard let versions = models[name] else { return [] }
        return versions.sorted { $0.key < $1.key }.map { version, record in
            var report = VersionReport(model: name, version: version, state: record.state, reason: nil)
            if case .refused(let refusal) = record.state { report.reason = refusal.reason }
            if record.live != nil { report.state = .ready }
            return report
        }
    }

    /// Versions by the name of their state.
    var countsByState: [String: Int] {
        var counts: [String: Int] = [:]
        for versions in models.values {
            for record in versions.values {
                counts[record.live == nil ? record.state.name : VersionState.ready.name, default: 0] += 1
            }
        }
        return counts
    }
}
