// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// One immutable value that many threads read and one replaces: readers get the old or the new, never a
/// mixture.
///
/// State: small and shared, guarded by a lock that is held for the few nanoseconds of one retain.
package final class Snapshot<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    package init(_ value: Value) { storage = Mutex(value) }

    package func load() -> Value { storage.withLock { $0 } }

    package func store(_ value: Value) {
        // The old value is destroyed outside the lock: freeing a large model must not hold readers up.
        let old = storage.withLock { current in
            let old = current
            current = value
            return old
        }
        _ = old
    }
}
