// SPDX-License-Identifier: Apache-2.0
internal import Base

/// What the registry knows and decides: which versions are loaded, kept and let go. Pure; time comes in.
///
/// State: owned by `Registry`, behind its lock; only slots are shared with requests.
struct RegistryCore {
    struct Key: Hashable, Sendable {
        var model: String
        var version: ModelVersion
    }

    struct Settings: Sendable {
        /// What is served; reasons name paths as seen from there.
        var root = ""
        /// Versions of a model that are ready at the same time, unless its policy says.
        var versionsPerModel = 2
        /// When models are loaded, unless their policy says.
        var load = ModelPolicy.Load.start
        /// Models that are loaded at the start whatever else is said.
        var preload: Set<String> = []
        /// Bytes of memory for all models together; 0: no bound.
        var memoryBudget = 0
        /// How long files of a hand-made copy must be unchanged.
        var settleNanoseconds: UInt64 = 1_000_000_000
        var retryNanoseconds: UInt64 = 5_000_000_000
        var retryNanosecondsMax: UInt64 = 300_000_000_000
    }

    /// What a look or a load led to, for the log.
    enum Change: Sendable {
        case unloaded(LoadedModel)
        case evicted(LoadedModel)
        /// The last request that used it is answered.
        case released(Key)
        case gone(Key)
        /// Before it was even tried.
        case refused(Key, RegistryError)
        case policyInForce(model: String)
        case policyWaits(model: String, versions: [ModelVersion])
    }

    let settings: Settings
    var models = ModelTable()
    private var view = RegistryView()
    private var isViewChanged = true
    /// Versions to load, in order; those that somebody waits for stand apart.
    var queue = Queue<Key>()
    var urgent = Queue<Key>()
    /// Bytes of what is loaded, and of what is being loaded.
    var liveBytes = 0
    var reserved: [Key: Int] = [:]
    /// Models with something loaded.
    var loadedModels: Set<String> = []
    /// Models that a look must come back to.
    var restless: Set<String> = []
    private var hasScanned = false
    private var firstLook = MonotonicInstant(nanoseconds: 0)

    init(_ settings: Settings) { self.settings = settings }

    // MARK: Looking

    /// Takes in what a look found at `now`.
    ///
    /// - Parameters:
    ///   - isPoll: `restless` models that are not in `news` were looked at, and have not changed.
    ///   - wallClock: the time of files, in nanoseconds since the epoch.
    mutating func observe(
        _ news: RegistryLookout.News, policies: [String: PolicyReader.Reading], isPoll: Bool,
        now: MonotonicInstant, wallClock: Int64
    ) -> [Change] {
        var changes: [Change] = []
        let scan = news.scan
        var gone = Set(news.removed)
        if news.isWhole {
            gone.formUnion(
                models.keys.filter { scan.models[$0] == nil && news.unreadableModels[$0] == nil })
        }
        for name in gone where scan.models[name] == nil {
            models[name]?.isGone = true
            removeAll(name, &changes)
        }
        for (name, listings) in scan.models {
            let isUnreadable = news.unreadableModels[name] != nil
            add(name)
            for version in models[name]?.versions.keys.filter({ listings[$0] == nil }) ?? []
            where !isUnreadable {
                remove(Key(model: name, version: version), &changes)
            }
            for (version, listing) in listings {
                let key = Key(model: name, version: version)
                if models[name]?.versions[version] == nil {
                    add(key, listing, now: now, wallClock: wallClock)
                } else {
                    update(key, ListingMark(listing), isPoll: true, now: now, &changes)
                }
            }
        }
        for (name, reading) in policies { adopt(reading, for: name) }
        let again = restless.filter { scan.models[$0] == nil && models[$0] != nil }
        for name in again {
            for (version, record) in models[name]?.versions ?? VersionTable() where record.isRestless {
                let key = Key(model: name, version: version)
                if record.isGone {
                    remove(key, &changes)
                } else {
                    update(key, record.mark, isPoll: isPoll, now: now, &changes)
                }
            }
        }
        restless = []
        for name in again.union(scan.models.keys).union(policies.keys).union(gone) {
            evaluate(name, &changes)
            settleRest(name)
        }
        if !hasScanned { firstLook = now }
        hasScanned = true
        return changes
    }

    private mutating func add(_ name: String) {
        models[name]?.isGone = false
        guard models[name] == nil else { return }
        let slot = ModelSlot(name: name)
        models[name] = ModelRecord(slot: slot)
        if settings.preload.contains(name) { models[name]?.demand = .requested }
        view.models[name] = slot
        isViewChanged = true
    }

    /// Comes back to a model that waits for something; forgets one that has nothing left.
    private mutating func settleRest(_ name: String) {
        guard let model = models[name] else { return }
        if model.versions.isEmpty && model.isGone {
            models[name] = nil
            view.models[name] = nil
            isViewChanged = true
            loadedModels.remove(name)
        } else if model.isGone || model.versions.values.contains(where: { $0.isRestless }) {
            restless.insert(name)
        }
    }

    private mutating func adopt(_ reading: PolicyReader.Reading, for name: String) {
        guard models[name] != nil else { return }
        models[name]?.policyDefect = reading.defect
        if let policy = reading.policy {
            models[name]?.policy = policy
            models[name]?.isPolicyKnown = true
        } else if models[name]?.effective == nil {
            models[name]?.isPolicyKnown = false
        }
    }

    private mutating func add(
        _ key: Key, _ listing: VersionListing, now: MonotonicInstant, wallClock: Int64
    ) {
        let age = wallClock.subtractingReportingOverflow(listing.modified).partialValue
        let isOld = !hasScanned && age >= Int64(settings.settleNanoseconds)
        let mark = ListingMark(listing)
        models[key.model]?.versions[key.version] = VersionRecord(
            mark, now: now, isSettled: isOld || mark.hasManifest)
    }

    private mutating func update(
        _ key: Key, _ mark: ListingMark, isPoll: Bool, now: MonotonicInstant, _ changes: inout [Change]
    ) {
        guard var record = models[key.model]?.versions[key.version] else { return }
        record.isGone = false
        if record.mark != mark {
            record.unchangedSince = now
            record.isSettled = mark.hasManifest
            record.transientFailures = 0
            record.retryAt = nil
            record.mark = mark
            record.memoryBytes = 0
            // One that is being loaded is found out to be outdated when it is done.
            if !record.state.isBusy { record.advance(.tryAgain) }
        } else {
            if isPoll, now.nanoseconds(since: record.unchangedSince) >= settings.settleNanoseconds {
                record.isSettled = true
            }
            if let retryAt = record.retryAt, retryAt <= now, case .refused = record.state {
                record.retryAt = nil
                record.advance(.tryAgain)
            }
        }
        if record.state == .draining && record.leaving == nil {
            record.advance(.released)
            changes.append(.released(key))
        }
        models[key.model]?.versions[key.version] = record
    }

    private mutating func removeAll(_ name: String, _ changes: inout [Change]) {
        for version in models[name]?.versions.keys.sorted() ?? [] {
            remove(Key(model: name, version: version), &changes)
        }
    }

    private mutating func remove(_ key: Key, _ changes: inout [Change]) {
        guard var record = models[key.model]?.versions[key.version] else { return }
        if record.live == nil && record.leaving == nil {
            models[key.model]?.versions[key.version] = nil
            changes.append(.gone(key))
            return
        }
        // What answers may go on until another does; `evaluate` decides.
        record.state = record.live == nil ? .draining : .ready
        record.retryAt = nil
        record.isGone = true
        models[key.model]?.versions[key.version] = record
    }

    /// Takes what answers out of the record; requests that hold it finish.
    mutating func release(_ key: Key, _ record: inout VersionRecord) {
        guard let live = record.live else { return }
        liveBytes -= live.memoryBytes
        record.leaving = live
        record.live = nil
        record.state = .draining
        restless.insert(key.model)
    }

    // MARK: Trust

    /// Takes back what answers and is objected to, and has everything that was refused tried again: somebody
    /// else is trusted now.
    mutating func reconsider(_ objection: (LoadedModel) -> RegistryError?) -> [Change] {
        var changes: [Change] = []
        for (name, model) in models {
            for (version, var record) in model.versions {
                if let live = record.live, let error = objection(live) {
                    changes.append(.unloaded(live))
                    release(Key(model: name, version: version), &record)
                    record.state = .refused(refusal(error))
                } else if case .refused = record.state {
                    record.advance(.tryAgain)
                }
                models[name]?.versions[version] = record
            }
            evaluate(name, &changes)
        }
        return changes
    }

    // MARK: Telling

    func refusal(_ error: RegistryError) -> Refusal {
        Refusal(code: error.code, reason: error.description(below: settings.root))
    }

    /// The view, when models came or went since it was taken last.
    mutating func takeChangedView() -> RegistryView? {
        guard isViewChanged else { return nil }
        isViewChanged = false
        return view
    }

    /// How much `nextLoad` may have at most.
    var queuedCount: Int { urgent.count + queue.count }

    /// Whether a request for the model has something to wait for.
    func isPending(_ name: String) -> Bool {
        guard let model = models[name] else { return false }
        return model.isBusy && model.slot.entry.defaultModel == nil
    }

    /// Whether a request may bring the model about, or somebody's request is about to.
    func isAwaitable(_ name: String) -> Bool {
        guard let model = models[name] else { return false }
        return model.slot.entry.isLoadedOnUse || (model.demand == .requested && isPending(name))
    }

    /// Whether something waits for time to pass rather than for a change.
    var hasUnsettled: Bool {
        restless.contains { name in
            models[name]?.versions.values.contains { $0.isUnsettled } == true
        }
    }

    /// Every version is as far as it gets by itself, or has not been at rest for all of `patience`.
    func isQuiet(now: MonotonicInstant, patience: UInt64) -> Bool {
        let isPatient = now.nanoseconds(since: firstLook) < patience
        return models.values.allSatisfy { model in
            if !model.isPolicyKnown && model.policyDefect == nil && isPatient { return false }
            return model.versions.values.allSatisfy { record in
                switch record.state {
                case .found: !record.isSettled && !isPatient
                case .verifying, .loading, .warming: false
                case .ready, .draining, .unloaded, .refused: true
                }
            }
        }
    }

    /// All versions of a model, the oldest first.
    func reports(of name: String) -> [VersionReport] {
        guard let versions = models[name]?.versions else { return [] }
        return versions.sorted { $0.key < $1.key }.map { version, record in
            var report = VersionReport(model: name, version: version, state: record.shownState, reason: nil)
            if case .refused(let refusal) = record.state { report.reason = refusal.reason }
            return report
        }
    }

    /// Why no version of a model answers.
    func unavailabilityReason(of name: String) -> String {
        if let model = models[name], !model.isPolicyKnown {
            return model.policyDefect?.description(below: settings.root) ?? "its policy is not at rest yet"
        }
        let reports = reports(of: name)
        if let report = reports.last(where: { $0.reason != nil }), let reason = report.reason {
            return "version \(report.version) is \(report.state.name): \(reason)"
        }
        guard let report = reports.last else { return "it has no versions" }
        return "version \(report.version) is \(report.state.name)"
    }
}
