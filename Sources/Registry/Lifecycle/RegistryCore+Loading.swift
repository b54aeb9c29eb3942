// SPDX-License-Identifier: Apache-2.0
internal import Base

/// The way of a version from found to ready or refused.
extension RegistryCore {
    struct Load: Sendable {
        var key: Key
        /// Of the files that it is about.
        var mark: ListingMark
        var options: LoadOptions
        /// Somebody waits for it.
        var isUrgent: Bool
    }

    /// The next version to be loaded, now in state `verifying`.
    mutating func nextLoad(now: MonotonicInstant, _ changes: inout [Change]) -> Load? {
        while let (key, isUrgent) = takeKey() {
            guard let model = models[key.model], var record = model.versions[key.version], record.isQueued
            else { continue }
            record.isQueued = false
            let isDue = record.state == .found && record.isSettled
            models[key.model]?.versions[key.version] = record
            guard isDue else { continue }
            let bytes = record.expectedBytes
            if !isUrgent, !hasRoom(bytes), record.live == nil, !loadedModels.contains(key.model),
                !model.policy.isPinned
            {
                // Loaded ahead of any use, it would only push out what was loaded before.
                models[key.model]?.demand = .evicted
                evaluate(key.model, &changes)
                continue
            }
            guard makeRoom(bytes, for: key.model, &changes) else {
                refuseForMemory(key, bytes, now, &changes)
                continue
            }
            reserved[key] = bytes
            record.advance(.begin)
            record.options = LoadOptions(model.policy)
            models[key.model]?.versions[key.version] = record
            return Load(
                key: key, mark: record.mark, options: record.options, isUrgent: isUrgent)
        }
        return nil
    }

    private mutating func takeKey() -> (Key, isUrgent: Bool)? {
        if let key = urgent.takeFirst() { return (key, true) }
        return queue.takeFirst().map { ($0, false) }
    }

    private func hasRoom(_ bytes: Int) -> Bool {
        settings.memoryBudget == 0
            || liveBytes + reserved.values.reduce(0, +) + bytes <= settings.memoryBudget
    }

    private mutating func refuseForMemory(
        _ key: Key, _ bytes: Int, _ now: MonotonicInstant, _ changes: inout [Change]
    ) {
        guard var record = models[key.model]?.versions[key.version] else { return }
        record.advance(.begin)
        let error = RegistryError.exceedsMemoryBudget(
            directory: RegistryScanner.path(
                of: key.model, key.version, record.mark.placement, below: settings.root),
            bytes: bytes, budget: settings.memoryBudget)
        refuse(key, &record, error, now)
        models[key.model]?.versions[key.version] = record
        evaluate(key.model, &changes)
        changes.append(.refused(key, error))
    }

    private mutating func refuse(
        _ key: Key, _ record: inout VersionRecord, _ error: RegistryError, _ now: MonotonicInstant
    ) {
        record.advance(.failed(refusal(error)))
        guard error.isTransient else { return }
        let delay = settings.retryNanoseconds << UInt64(min(record.transientFailures, 16))
        record.retryAt = MonotonicInstant(
            nanoseconds: now.nanoseconds &+ min(delay, settings.retryNanosecondsMax))
        record.transientFailures += 1
        restless.insert(key.model)
    }

    /// A stage of a load is over.
    ///
    /// - Returns: the new state; nil when the version is no longer being loaded.
    mutating func reached(_ key: Key, _ event: VersionEvent) -> VersionState? {
        guard var record = models[key.model]?.versions[key.version], record.state.after(event) != nil,
            record.state.isBusy
        else { return nil }
        record.advance(event)
        models[key.model]?.versions[key.version] = record
        return record.state
    }

    enum Verdict: Sendable {
        case ready
        case refused
        /// The files changed meanwhile, or are not at rest: it is looked at again, nobody needs to know.
        case outdated
    }

    /// Takes in the end of a load of the files that `mark` is of.
    mutating func finish(
        _ key: Key, _ mark: ListingMark, _ result: Result<LoadedModel, RegistryError>,
        now: MonotonicInstant, _ changes: inout [Change]
    ) -> Verdict {
        reserved[key] = nil
        guard var record = models[key.model]?.versions[key.version], record.state.isBusy else {
            return .outdated
        }
        var verdict: Verdict
        if record.mark != mark {
            record.advance(.tryAgain)
            verdict = .outdated
        } else {
            switch result {
            case .success(let loaded):
                finish(&record, loaded)
                verdict = .ready
            case .failure(let error):
                refuse(key, &record, error, now)
                verdict = .refused
                let isAtRest = now.nanoseconds(since: record.unchangedSince) >= settings.settleNanoseconds
                if !error.isTransient, !isAtRest, record.isSettled, record.mark.hasManifest {
                    // A directory with a manifest that is still being copied: wait until it is at rest.
                    record.advance(.tryAgain)
                    record.isSettled = false
                    restless.insert(key.model)
                    verdict = .outdated
                }
            }
        }
        models[key.model]?.versions[key.version] = record
        evaluate(key.model, &changes)
        // The estimate was made from the file; now the size is known.
        _ = makeRoom(0, for: key.model, &changes)
        return verdict
    }

    private mutating func finish(_ record: inout VersionRecord, _ loaded: LoadedModel) {
        for event in [VersionEvent.verified, .compiled, .warmed] where record.state.after(event) != nil {
            record.advance(event)
        }
        liveBytes += loaded.memoryBytes - (record.live?.memoryBytes ?? 0)
        record.live = loaded
        record.memoryBytes = loaded.memoryBytes
        record.transientFailures = 0
    }
}
