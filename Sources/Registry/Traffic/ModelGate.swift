// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// How many requests of one model are answered at the same time, and which wait: `limits.concurrency` and
/// `limits.queue` of its policy.
///
/// State: small and shared (`Mutex`). Requests that wait are closures that start them; a place that becomes
/// free goes to the one that has waited longest.
package final class ModelGate: Sendable {
    /// What becomes of a request that comes.
    package enum Admission: Sendable, Equatable {
        /// The request has a place, to be given back by `leave`.
        case entered
        /// `start` will be called, with a place.
        case waits
        case refused
    }

    private struct State {
        var running = 0
        var waiting = Queue<@Sendable () -> Void>()
    }

    private let state = Mutex(State())

    package init() {}

    /// Takes a place if one is free and nobody waits for it.
    package func enter(_ limits: ModelPolicy.Limits) -> Bool {
        guard let concurrency = limits.concurrency else { return true }
        return state.withLock { state in
            guard state.running < concurrency, state.waiting.count == 0 else { return false }
            state.running += 1
            return true
        }
    }

    /// Takes a place, or waits for one if there is room to wait.
    package func enter(_ limits: ModelPolicy.Limits, start: @escaping @Sendable () -> Void) -> Admission {
        guard let concurrency = limits.concurrency else { return .entered }
        return state.withLock { state in
            if state.running < concurrency && state.waiting.count == 0 {
                state.running += 1
                return .entered
            }
            guard state.waiting.count < limits.queue else { return .refused }
            state.waiting.append(start)
            return .waits
        }
    }

    /// Gives a place back. Called for a request that had one under a policy with a limit.
    package func leave(_ limits: ModelPolicy.Limits) {
        guard limits.concurrency != nil else { return }
        let next = state.withLock { state -> (@Sendable () -> Void)? in
            // A raised limit frees places for those who wait with the next one that is given back.
            if let first = state.waiting.takeFirst() { return first }
            state.running = max(0, state.running - 1)
            return nil
        }
        next?()
    }

    /// Requests that have a place, and that wait for one.
    package var counts: (running: Int, waiting: Int) {
        state.withLock { ($0.running, $0.waiting.count) }
    }
}
