// SPDX-License-Identifier: Apache-2.0
private import CPosix
import Glibc
import Synchronization

/// A POSIX thread that runs one closure.
@safe package final class PosixThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let handle: pthread_t
    /// Joining twice is undefined; the lock also holds later callers until the first is through.
    private let isJoined = Mutex(false)

    package init(_ run: @escaping @Sendable () -> Void) throws(SystemError) {
        var handle = pthread_t()
        // Safe because the thread takes over the one reference that is retained for it here.
        let body = unsafe Unmanaged.passRetained(Body(run)).toOpaque()
        let result = unsafe pthread_create(
            &handle, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, body)
        if result != 0 {
            unsafe Unmanaged<Body>.fromOpaque(body).release()
            throw SystemError("pthread_create", code: result)
        }
        self.handle = handle
    }

    /// Runs `body` on a thread that nobody joins.
    package static func detach(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let thread = try PosixThread(body)
        thread.isJoined.withLock { isJoined in
            _ = pthread_detach(thread.handle)
            isJoined = true
        }
    }

    /// How long a thread that others go before keeps its processor once it has it. Linux's own choice is
    /// 3 ms, which end at a tick: requests on the same processor waited 4 to 12 ms beside a model that was
    /// loaded.
    private static let sliceNanoseconds: UInt64 = 300_000
    /// Of a thread that wakes up for a moment. With Linux's own 3 ms its turn was due after that of a thread
    /// with a short slice and a low priority, which had waited for a while: up to 1.2 ms beside small models
    /// that were loaded. 0.1 ms is the least that Linux takes.
    private static let promptSliceNanoseconds: UInt64 = 100_000

    /// Lets other threads of the process go before the calling one, for good: 0 is the usual, 19 the last.
    /// Fails harmlessly.
    ///
    /// - Parameter isBackground: no client waits for what it does, and whoever wakes it up goes on.
    package static func yieldToOthers(niceness: CInt, isBackground: Bool = false) {
        if cposix_yield_to_others(niceness, sliceNanoseconds, isBackground) == 0 { return }
        // Of this thread alone: 0 is the caller's own number on Linux.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
    }

    /// Lets the calling thread, which wakes up often and for little at a time, have a processor before those
    /// that compute. Fails harmlessly.
    package static func wakePromptly() { _ = cposix_wake_promptly(promptSliceNanoseconds) }

    /// Waits for the end. May be called again, from any thread.
    package func join() {
        isJoined.withLock { isJoined in
            if isJoined { return }
            _ = pthread_join(handle, nil)
            isJoined = true
        }
    }
}
