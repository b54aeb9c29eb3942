// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Synchronization

/// Decides when the heap gives back what is free in it.
///
/// The heaps of threads do not share: what a load needed for a moment, and what an older model leaves behind,
/// lies where the next load does not look, so under random calls of many models the process grew by all that
/// was loaded. Giving back takes milliseconds in a large heap, so it is done once for so many bytes.
///
/// State: one atomic number; any thread may call it.
final class HeapKeeper: Sendable {
    private let limit: Int
    private let loadedBytes = Atomic<Int>(0)

    /// - Parameter memoryBudget: of all models; 0: no bound.
    init(memoryBudget: Int) {
        limit = memoryBudget > 0 ? min(max(memoryBudget / 64, 1 << 20), 64 << 20) : 16 << 20
    }

    /// Whether so much was loaded since the last time that it is worth it; then it counts from 0 again.
    ///
    /// - Parameter bytes: about what a load needed that is over.
    func noteLoad(of bytes: Int) -> Bool {
        guard loadedBytes.wrappingAdd(bytes, ordering: .relaxed).newValue >= limit else { return false }
        loadedBytes.store(0, ordering: .relaxed)
        return true
    }

    /// Whether there is enough to give back now that nothing is loaded any more: not after each small model.
    func isWorthIt() -> Bool {
        guard loadedBytes.load(ordering: .relaxed) >= min(limit, 1 << 20) else { return false }
        loadedBytes.store(0, ordering: .relaxed)
        return true
    }
}
