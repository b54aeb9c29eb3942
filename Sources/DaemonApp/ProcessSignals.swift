// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Glibc
internal import Synchronization

/// SIGTERM and SIGINT as something to wait for, SIGHUP as something to be told, by Dispatch. SIGPIPE is
/// ignored: a client that has gone is an error of its write, not the end of the process.
final class ProcessSignals: Sendable {
    private let first = DispatchSemaphore(value: 0)
    private let state = Mutex(State())

    // Safe because it is filled in `init`, before any signal can be told, and only kept alive afterwards.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    private struct State {
        var endCount = 0
        var onRepeat: (@Sendable () -> Void)?
        var onReload: (@Sendable () -> Void)?
        /// A SIGHUP that came before anybody was there for it.
        var isReloadPending = false
    }

    init() {
        signal(SIGPIPE, SIG_IGN)
        let queue = DispatchQueue(label: "signals")
        let numbers = [SIGTERM, SIGINT, SIGHUP]
        // The default action would end the process before the source is told.
        for number in numbers { signal(number, SIG_IGN) }
        let sources = numbers.map { DispatchSource.makeSignalSource(signal: $0, queue: queue) }
        // Safe because nothing else knows of this object yet.
        unsafe self.sources = sources
        for (number, source) in zip(numbers, sources) {
            source.setEventHandler { [weak self] in
                if number == SIGHUP { self?.reloadReceived() } else { self?.endReceived() }
            }
            source.resume()
        }
    }

    private func endReceived() {
        let (isFirst, action) = state.withLock { state in
            state.endCount += 1
            return (state.endCount == 1, state.onRepeat)
        }
        if isFirst { first.signal() } else { action?() }
    }

    private func reloadReceived() {
        let action = state.withLock { state in
            state.isReloadPending = state.onReload == nil
            return state.onReload
        }
        action?()
    }

    /// Returns with the first SIGTERM or SIGINT.
    func wait() { first.wait() }

    /// What further ones do.
    func onRepeat(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.onRepeat = action } }

    /// What SIGHUP does; one that has come already is made up for.
    func onReload(_ action: @escaping @Sendable () -> Void) {
        let isPending = state.withLock { state in
            state.onReload = action
            defer { state.isReloadPending = false }
            return state.isReloadPending
        }
        if isPending { action() }
    }
}
