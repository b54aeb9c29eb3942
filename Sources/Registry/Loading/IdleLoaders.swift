// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Synchronization

/// Where threads that load models wait for the next one. To start a thread for each model holds up the event
/// loop that asks for it, and all requests behind; to wake one takes a few microseconds.
///
/// State: a count under its lock; any thread may call it.
final class IdleLoaders: Sendable {
    private let count = Mutex(0)
    private let signal = DispatchSemaphore(value: 0)
    private let patience: DispatchTimeInterval

    /// - Parameter patience: how long a thread waits before it ends.
    init(patience: DispatchTimeInterval = .seconds(2)) { self.patience = patience }

    /// Has one of the threads that wait go on; false when none waits.
    func wakeOne() -> Bool {
        let isWaiting = count.withLock { count in
            guard count > 0 else { return false }
            count -= 1
            return true
        }
        if isWaiting { signal.signal() }
        return isWaiting
    }

    /// Waits for `wakeOne`; false when there is nothing to do for so long that the thread should end.
    func wait() -> Bool {
        count.withLock { $0 += 1 }
        if signal.wait(timeout: .now() + patience) == .success { return true }
        let isLeft = count.withLock { count in
            guard count > 0 else { return false }
            count -= 1
            return true
        }
        if isLeft { return false }
        // Every thread that waits is counted on by somebody, this one too: its signal is on the way.
        signal.wait()
        return true
    }
}
