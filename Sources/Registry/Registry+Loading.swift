// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import Inference
internal import Synchronization
internal import Telemetry

/// Loads what the core has queued, on threads of low priority.
extension Registry {
    /// Has as many threads load as there is work for.
    func beginLoads() {
        while true {
            let isNeeded = state.withLock { state in
                state.loadThreads.begin(queued: state.core.queuedCount, limit: configuration.loadLimit)
            }
            guard isNeeded else { return }
            loadsInFlight.enter()
            if idleLoaders.wakeOne() { continue }
            do {
                // A thread of its own: it has a priority, which pools' threads cannot have.
                try PosixThread.detach { [weak self, idleLoaders, loadsInFlight] in
                    PosixThread.yieldToOthers(niceness: Self.backgroundNiceness, isBackground: true)
                    repeat {
                        self?.loadAll()
                        loadsInFlight.leave()
                    } while idleLoaders.wait()
                }
            } catch {
                // Out of threads: the loads are done here, slowly, rather than not at all.
                logger.warning("no thread for loading", ["reason": LogValue(error.description)])
                loadAll()
                loadsInFlight.leave()
            }
        }
    }

    /// Loads what is queued until nothing is left.
    private func loadAll() {
        var isStarting = true
        while true {
            var changes: [RegistryCore.Change] = []
            let next = state.withLock { state -> RegistryCore.Load? in
                if isStarting { state.loadThreads.arrive() }
                isStarting = false
                let next = state.core.nextLoad(now: clock.now(), &changes)
                if next == nil { state.loadThreads.end() }
                return next
            }
            report(changes)
            for change in changes {
                if case .refused(let key, _) = change { wakeWaiters(of: key.model) }
            }
            guard let next else { break }
            load(next)
        }
        wakeWaiters()
        noteReadiness()
        if heap.isWorthIt() { HeapMemory.trim() }
    }

    private func load(_ load: RegistryCore.Load) {
        let start = MonotonicInstant.now
        let key = load.key
        report(key, "verifying")
        let result: Result<LoadedModel, RegistryError>
        var fileBytes = 0
        do throws(RegistryError) {
            let listing = try list(load)
            fileBytes = listing.files.reduce(0) { $0 + Int(clamping: $1.facts.size) }
            let loader = ModelLoader(
                root: root, trust: state.withLock { $0.trust }, engine: configuration.engine)
            let file = try loader.load(
                listing, options: load.options, wallClock: clock.wallClock()
            ) { event in
                let state = state.withLock { $0.core.reached(key, event) }
                if let state { report(key, state.name) }
            }
            if let warning = file.trust.warning { reportTrust(key, warning) }
            guard listing.isUnchanged else { throw .changedWhileLoading(directory: listing.path) }
            let nanoseconds = MonotonicInstant.now.nanoseconds(since: start)
            result = .success(LoadedModel(file, listing: listing, nanoseconds: nanoseconds, metrics: metrics))
        } catch {
            result = .failure(error)
        }
        let stamp = useStamp.wrappingAdd(1, ordering: .relaxed).newValue
        var changes: [RegistryCore.Change] = []
        let verdict = state.withLock { state in
            let slot = state.core.models[key.model]?.slot
            if state.waiters[key.model] == nil { slot?.touch(stamp) } else { slot?.expectUse(stamp) }
            return state.core.finish(key, load.mark, result, now: clock.now(), &changes)
        }
        report(load, verdict, result)
        report(changes)
        wakeWaiters(of: key.model)
        noteReadiness()
        // What was read, and what was made of it.
        if heap.noteLoad(of: fileBytes + ((try? result.get())?.memoryBytes ?? 0)) { HeapMemory.trim() }
    }

    /// The files of what is to be loaded, which are those that the last look has seen.
    private func list(_ load: RegistryCore.Load) throws(RegistryError) -> VersionListing {
        let key = load.key
        let listing: VersionListing
        do {
            listing = try scanner.list(key.model, key.version, load.mark.placement)
        } catch {
            throw .system(error)
        }
        guard ListingMark(listing) == load.mark else { throw .changedWhileLoading(directory: listing.path) }
        return listing
    }
}

extension VersionListing {
    /// The files are still those that were listed.
    fileprivate var isUnchanged: Bool {
        files.allSatisfy { (try? FileFacts(of: $0.path)) == $0.facts }
    }
}
