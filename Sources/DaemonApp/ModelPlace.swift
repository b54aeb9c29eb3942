// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// A place in the queue of a model that may become free before its owner is ready to take it.
///
/// State: small and shared (`Mutex`).
final class ModelPlace: Sendable {
    private struct State {
        var isOpen = false
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// The place is free: runs the action, or has it run as soon as there is one.
    func open() {
        let action = state.withLock { state in
            state.isOpen = true
            return state.action
        }
        action?()
    }

    /// Runs `action` once, when the place is free.
    func onOpen(_ action: @escaping @Sendable () -> Void) {
        let isOpen = state.withLock { state in
            if !state.isOpen { state.action = action }
            return state.isOpen
        }
        if isOpen { action() }
    }
}
