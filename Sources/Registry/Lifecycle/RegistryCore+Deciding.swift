// SPDX-License-Identifier: Apache-2.0
internal import Base

/// Which versions are in memory, and which of them answer.
extension RegistryCore {
    /// Decides for one model what to load and what to let go, and publishes what answers.
    ///
    /// - Parameter isUrgent: somebody waits for it.
    mutating func evaluate(_ name: String, isUrgent: Bool = false, _ changes: inout [Change]) {
        guard var model = models[name] else { return }
        let isActive = isActive(model)
        let wish = Wish(model, versionsPerModel: settings.versionsPerModel)
        let options = LoadOptions(model.policy)
        var claimed = 0
        var readyAbove = 0
        let isListedReady = model.versions.contains { wish.lists($0.key) && $0.value.live != nil }
        for version in model.versions.keys.sorted(by: >) {
            guard var record = model.versions[version], !record.isGone else { continue }
            let key = Key(model: name, version: version)
            let isWanted = isActive && wish.wants(version, claimed: claimed)
            let leaves =
                !isActive || wish.forbids(version)
                || (!wish.names(version)
                    && wish.outlives(version, readyAbove: readyAbove, isListedReady: isListedReady))
            if leaves {
                retire(key, &record, &changes)
            } else if isWanted, record.state == .unloaded || record.state == .draining, !record.isGone {
                // Those that still hold what drains have a copy of their own.
                record.advance(.tryAgain)
            } else if record.state == .found, !isWanted, record.live == nil {
                record.advance(.retire)
            }
            if isWanted, !record.state.isBusy, record.options.decideOtherwise(than: options) {
                // What was refused or loaded by another policy may come out otherwise now.
                if record.live != nil || record.retriesByPolicy { record.advance(.tryAgain) }
                record.options = options
            }
            if record.state == .found, isWanted || record.live != nil, record.isSettled, !record.isQueued {
                record.isQueued = true
                if isUrgent { urgent.append(key) } else { queue.append(key) }
            } else if record.isQueued && isUrgent {
                urgent.append(key)
            }
            switch record.state {
            case .found, .verifying, .loading, .warming, .ready: claimed += 1
            case .refused: claimed += record.live == nil ? 0 : 1
            case .draining, .unloaded: break
            }
            if record.live != nil { readyAbove += 1 }
            model.versions[version] = record
        }
        let awaitsSuccessor = isActive && awaitsSuccessor(model)
        for (version, var record) in model.versions where record.isGone && record.live != nil {
            if awaitsSuccessor && !wish.forbids(version) { continue }
            retire(Key(model: name, version: version), &record, &changes)
            model.versions[version] = record
        }
        models[name] = model
        publish(name, &changes)
    }

    /// Nothing but versions whose files are gone answers, and another is on its way: as when a link to a
    /// whole registry is made to lead to another one.
    private func awaitsSuccessor(_ model: ModelRecord) -> Bool {
        let others = model.versions.values.filter { !$0.isGone }
        return others.allSatisfy { $0.live == nil }
            && others.contains { $0.state == .found || $0.state.isBusy }
    }

    /// The versions that a model's policy, and the one that it takes over from, ask for.
    private struct Wish {
        private let versions: ModelPolicy.Versions
        private let named: Set<ModelVersion>
        private let retired: Set<ModelVersion>
        private let isKnown: Bool

        init(_ model: ModelRecord, versionsPerModel: Int) {
            versions = model.policy.versions ?? .latest(versionsPerModel)
            retired = model.policy.retired
            isKnown = model.isPolicyKnown
            named = model.policy.namedVersions.union(model.effective?.namedVersions ?? [])
        }

        func names(_ version: ModelVersion) -> Bool { named.contains(version) }

        func lists(_ version: ModelVersion) -> Bool {
            if case .listed(let listed) = versions { return listed.contains(version) }
            return false
        }

        func forbids(_ version: ModelVersion) -> Bool { retired.contains(version) || !isKnown }

        func wants(_ version: ModelVersion, claimed: Int) -> Bool {
            if forbids(version) { return false }
            switch versions {
            case .latest(let count): return claimed < count || names(version)
            case .all: return true
            case .listed: return lists(version) || names(version)
            }
        }

        /// The version has to leave now, unless something names it.
        func outlives(_ version: ModelVersion, readyAbove: Int, isListedReady: Bool) -> Bool {
            switch versions {
            case .latest(let count): readyAbove >= count
            case .all: false
            // Until one of the list answers, what has answered so far goes on.
            case .listed: !lists(version) && isListedReady
            }
        }
    }

    /// Whether the versions of a model are wanted in memory.
    func isActive(_ model: ModelRecord) -> Bool {
        switch model.demand {
        case .policy: (model.policy.load ?? settings.load) == .start
        case .requested: true
        case .evicted, .suspended: false
        }
    }

    /// Whether a request may bring the model into memory.
    private func isLoadedOnUse(_ model: ModelRecord) -> Bool {
        switch model.demand {
        case .policy: (model.policy.load ?? settings.load) == .firstUse && model.isPolicyKnown
        case .evicted: true
        case .requested, .suspended: false
        }
    }

    private mutating func retire(
        _ key: Key, _ record: inout VersionRecord, _ changes: inout [Change]
    ) {
        if let live = record.live {
            changes.append(models[key.model]?.demand == .evicted ? .evicted(live) : .unloaded(live))
            // The state may be that of changed files; what matters now is what leaves.
            release(key, &record)
        } else if record.state == .found {
            record.advance(.retire)
        }
    }

    private mutating func publish(_ name: String, _ changes: inout [Change]) {
        guard var model = models[name] else { return }
        let ready = model.versions.values.compactMap(\.live).sorted { $0.version > $1.version }
        if ready.isEmpty { loadedModels.remove(name) } else { loadedModels.insert(name) }
        let versions = ready.map(\.version)
        if let former = model.effective, former != model.policy {
            let plan = TrafficPlan(model.policy, ready: versions)
            if plan.isComplete || !TrafficPlan(former, ready: versions).isComplete {
                model.effective = model.policy
                model.waitsFor = []
                changes.append(.policyInForce(model: name))
            } else if model.waitsFor != plan.missing {
                model.waitsFor = plan.missing
                changes.append(.policyWaits(model: name, versions: plan.missing))
            }
        } else if model.effective == nil && model.isPolicyKnown {
            model.effective = model.policy
        }
        models[name] = model
        let policy = model.effective ?? model.policy
        let isOnUse = isLoadedOnUse(model)
        if ready.isEmpty && policy == ModelPolicy() {
            model.slot.replace(with: isOnUse ? ModelEntry.onUse : ModelEntry.empty)
        } else {
            model.slot.replace(
                with: ModelEntry(
                    ready: ready, policy: policy, isLoadedOnUse: isOnUse,
                    isEvictable: settings.memoryBudget > 0 && !model.policy.isPinned))
        }
    }

    // MARK: Demand

    /// Has a model in memory from now on because somebody uses it, or, when `isExplicit`, asks for it.
    ///
    /// - Returns: whether it is on its way, or there already.
    mutating func request(_ name: String, isExplicit: Bool = false, _ changes: inout [Change]) -> Bool {
        guard let model = models[name] else { return false }
        if !isExplicit && !isActive(model) && !isLoadedOnUse(model) { return false }
        if model.demand == .suspended || !isActive(model) { models[name]?.demand = .requested }
        evaluate(name, isUrgent: true, &changes)
        return true
    }

    /// Unloads a model until somebody asks for it.
    mutating func suspend(_ name: String, _ changes: inout [Change]) {
        guard models[name] != nil else { return }
        models[name]?.demand = .suspended
        evaluate(name, &changes)
    }

    // MARK: Memory

    /// A model that may leave.
    private struct Leaving: Comparable {
        var name: String
        var isExpected: Bool
        var use: UInt64
        var bytes: Int

        /// What was used least recently leaves first; last, what somebody is just about to use.
        static func < (left: Leaving, right: Leaving) -> Bool {
            if left.isExpected != right.isExpected { return right.isExpected }
            return (left.use, left.name) < (right.use, right.name)
        }
    }

    /// Loads during which a model is kept for whoever waited for it.
    private static let expectedLoads: UInt64 = 256

    /// Makes room for `bytes` by letting go of what was used least recently.
    ///
    /// - Parameter model: whose versions stay.
    /// - Returns: false, and nothing done, when there cannot be room.
    mutating func makeRoom(_ bytes: Int, for name: String, _ changes: inout [Change]) -> Bool {
        let budget = settings.memoryBudget
        guard budget > 0 else { return true }
        let needed = liveBytes + reserved.values.reduce(0, +) + bytes - budget
        guard needed > 0 else { return true }
        var candidates = loadedModels.compactMap { other -> Leaving? in
            guard other != name, let model = models[other], !model.isPinned else { return nil }
            let bytes = model.versions.values.reduce(0) { $0 + ($1.live?.memoryBytes ?? 0) }
            return Leaving(
                name: other, isExpected: model.slot.isExpected, use: model.slot.lastUse, bytes: bytes)
        }
        let newest = candidates.reduce(0) { max($0, $1.use) }
        for index in candidates.indices where candidates[index].use + Self.expectedLoads < newest {
            // Whoever waited for it has gone.
            candidates[index].isExpected = false
        }
        guard candidates.reduce(0, { $0 + $1.bytes }) >= needed else { return false }
        // A little more than needed, so that not every load sorts all that is there.
        let goal = needed + budget / 32
        var freed = 0
        for candidate in candidates.sorted() {
            guard freed < goal else { break }
            models[candidate.name]?.demand = .evicted
            evaluate(candidate.name, &changes)
            freed += candidate.bytes
        }
        return true
    }
}

extension VersionRecord {
    /// It was refused, and its policy has to do with that.
    fileprivate var retriesByPolicy: Bool {
        if case .refused = state { true } else { false }
    }
}
