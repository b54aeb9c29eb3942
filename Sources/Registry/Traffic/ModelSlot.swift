// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// The place of one model in the registry's view: what answers for it at the moment, swapped whole, and what
/// outlives the swaps.
///
/// Requests come here without waiting for looks or loads. State: `entry` is swapped under a lock that is held
/// for one retain; the counters are atomics.
package final class ModelSlot: Sendable {
    package let name: String
    private let current = Mutex(ModelEntry.empty)
    private let splitCount = Atomic<UInt64>(0)
    private let shadowCount = Atomic<UInt64>(0)
    private let lastUseStamp = Atomic<UInt64>(0)
    /// The gate of a model with a limit; made with the first policy that has one.
    private let ownGate = Mutex<ModelGate?>(nil)

    init(name: String) { self.name = name }

    /// What answers now. One for a request: it does not change while the request holds it.
    package var entry: ModelEntry { current.withLock { $0 } }

    /// Puts `new` in force; what it replaces is freed outside the lock, by the last who holds it.
    func replace(with new: ModelEntry) {
        let old = current.withLock { current in
            let old = current
            current = new
            return old
        }
        _ = old
    }

    /// The point of a request that is assigned anew.
    package func nextSplitPoint() -> UInt64 {
        SplitPoint.ofRequest(splitCount.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    /// The point of a request that may be copied to a shadow.
    package func nextShadowPoint() -> UInt64 {
        SplitPoint.ofRequest(shadowCount.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    /// When it was used last, in loads of the registry: what is used least recently leaves first.
    var lastUse: UInt64 { lastUseStamp.load(ordering: .relaxed) & ~Self.expected }

    /// It was loaded for somebody who has not come back yet.
    var isExpected: Bool { lastUseStamp.load(ordering: .relaxed) & Self.expected != 0 }

    private static let expected: UInt64 = 1 << 63

    /// Notes that somebody who waits for it will use it at once.
    func expectUse(_ stamp: UInt64) { lastUseStamp.store(stamp | Self.expected, ordering: .relaxed) }

    /// Notes a use. Written once a load of the registry, so that the line stays shared between threads.
    func touch(_ stamp: UInt64) {
        if lastUseStamp.load(ordering: .relaxed) != stamp { lastUseStamp.store(stamp, ordering: .relaxed) }
    }

    /// Where requests of this model wait for each other.
    package var gate: ModelGate {
        ownGate.withLock { gate in
            if let gate { return gate }
            let made = ModelGate()
            gate = made
            return made
        }
    }
}

extension ModelSlot {
    /// As the entry's, for who asks one thing only.
    package var newest: LoadedModel? { entry.newest }
    package var ready: [LoadedModel] { entry.ready }
    package func version(named text: String) -> LoadedModel? { entry.version(named: text) }
}
