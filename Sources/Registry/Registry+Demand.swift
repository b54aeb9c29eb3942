// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Models that are loaded by their first use, and the requests that wait for them.
extension Registry {
    /// Has a model loaded that its first use loads, and calls `action` once, on any thread, when it answers
    /// or cannot; at once when there is nothing to wait for.
    ///
    /// - Parameter isExplicit: somebody asks for the model itself, so that it is loaded whatever its policy
    ///   says about loading.
    /// - Returns: false, and `action` is not called, when too many wait already.
    package func whenLoaded(
        _ model: String, isExplicit: Bool = false, _ action: @escaping @Sendable () -> Void
    ) -> Bool {
        var changes: [RegistryCore.Change] = []
        let (isAdmitted, isPending) = state.withLock { state -> (Bool, Bool) in
            guard state.waiterCount < Self.waitersMax else { return (false, false) }
            guard state.core.request(model, isExplicit: isExplicit, &changes), state.core.isPending(model)
            else { return (true, false) }
            state.waiters[model, default: []].append(action)
            state.waiterCount += 1
            return (true, true)
        }
        report(changes)
        beginLoads()
        if isAdmitted && !isPending { action() }
        return isAdmitted
    }

    /// Unloads a model, until `whenLoaded` asks for it explicitly. Requests that have begun are finished.
    package func unload(_ model: String) {
        var changes: [RegistryCore.Change] = []
        state.withLock { $0.core.suspend(model, &changes) }
        report(changes)
    }

    /// Calls the actions that wait for a model, unless there is still something to wait for.
    func wakeWaiters(of model: String) {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard let waiters = state.waiters[model], !state.core.isPending(model) else { return [] }
            state.waiters[model] = nil
            state.waiterCount -= waiters.count
            return waiters
        }
        for action in actions { action() }
    }

    /// Likewise of all models.
    func wakeWaiters() {
        let models = state.withLock { Array($0.waiters.keys) }
        for model in models { wakeWaiters(of: model) }
    }
}
