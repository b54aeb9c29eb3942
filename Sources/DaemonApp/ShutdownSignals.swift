// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Glibc
internal import Synchronization

/// SIGTERM and SIGINT as something to wait for, by Dispatch. SIGPIPE is ignored: a client that has gone is an
/// error of its write, not the end of the process.
final class ShutdownSignals: Sendable {
    private let first = DispatchSemaphore(value: 0)
    private let state = Mutex(State())

    // Safe because it is filled in `init`, before any signal can be told, and only kept alive afterwards.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    private struct State {
        var count = 0
        var onRepeat: (@Sendable () -> Void)?
    }

    init() {
        signal(SIGPIPE, SIG_IGN)
        let queue = DispatchQueue(label: "signals")
        // The default action would end the process before the source is told.
        for number in [SIGTERM, SIGINT] { signal(number, SIG_IGN) }
        let sources = [SIGTERM, SIGINT].map { DispatchSource.makeSignalSource(signal: $0, queue: queue) }
        // Safe because nothing else knows of this object yet.
        unsafe self.sources = sources
        for source in sources {
            source.setEventHandler { [weak self] in self?.received() }
            source.resume()
        }
    }

    private func received() {
        let (isFirst, action) = state.withLock { state in
            state.count += 1
            return (state.count == 1, state.onRepeat)
        }
        if isFirst { first.signal() } else { action?() }
    }

    /// Returns with the first signal.
    func wait() { first.wait() }

    /// What a second signal does: somebody does not want to wait.
    func onRepeat(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.onRepeat = action } }
}
