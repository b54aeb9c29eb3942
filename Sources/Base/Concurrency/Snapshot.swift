// SPDX-License-Identifier: Apache-2.0
public import Synchronization

/// One immutable value that many threads read and one replaces: readers get the old or the new, never a
/// mixture.
///
/// State: small and shared, guarded by a lock that is held for the few nanoseconds of one retain.
///
/// Public, so that `load` is compiled for the value: unspecialised it looks types up on each call (decision
/// 0012).
public final class Snapshot<Value: Sendable>: Sendable {
    @usableFromInline let storage: Mutex<Value>

    @inlinable
    public init(_ value: Value) { storage = Mutex(value) }

    @inlinable
    public func load() -> Value { storage.withLock { $0 } }

    @inlinable
    public func store(_ value: Value) {
        // The old value is destroyed outside the lock: freeing a large model must not hold readers up.
        let old = storage.withLock { current in
            let old = current
            current = value
            return old
        }
        _ = old
    }
}
