// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Synchronization

/// A POSIX thread that runs one closure.
@safe package final class Thread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let handle: pthread_t
    /// Joining twice is undefined; the lock also holds later callers until the first is through.
    private let isJoined = Mutex(false)

    package init(_ run: @escaping @Sendable () -> Void) throws(NetError) {
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
            throw .system(SystemError("pthread_create", code: result))
        }
        self.handle = handle
    }

    /// Waits for the end. May be called again, from any thread.
    package func join() {
        isJoined.withLock { isJoined in
            if isJoined { return }
            _ = pthread_join(handle, nil)
            isJoined = true
        }
    }
}
