// SPDX-License-Identifier: Apache-2.0

/// How many threads load models, and whether one more is needed.
///
/// State: owned by `Registry`, behind its lock.
struct LoadThreads {
    /// Those that load, and those that are on their way.
    private(set) var count = 0
    /// Those that are on their way: started or woken up, but without anything to load yet.
    private var startingCount = 0

    /// Whether one more thread is needed; then it counts as on its way. One that is on its way takes one
    /// load: a second, woken up for nothing, only holds up whoever asks for the load.
    ///
    /// - Parameters:
    ///   - queued: loads that wait.
    ///   - limit: threads that may load at the same time.
    mutating func begin(queued: Int, limit: Int) -> Bool {
        guard count < limit, queued > startingCount else { return false }
        count += 1
        startingCount += 1
        return true
    }

    /// A thread that was on its way is about to look for something to load.
    mutating func arrive() { startingCount -= 1 }

    /// A thread has found nothing more to load.
    mutating func end() { count -= 1 }
}
