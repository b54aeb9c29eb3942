// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// One result for each task of a job. State: small and shared, guarded by a lock.
final class Slots<Value: Sendable>: Sendable {
    private let values: Mutex<[Value?]>

    init(_ count: Int) { values = Mutex([Value?](repeating: nil, count: count)) }

    func store(_ index: Int, _ value: Value) { values.withLock { $0[index] = value } }

    /// What was stored, in the order of the tasks.
    func take() -> [Value] { values.withLock { $0.compactMap { $0 } } }
}
