// SPDX-License-Identifier: Apache-2.0
/// How long the queue may get.
package struct WorkQueueLimits: Sendable {
    /// Requests that may wait at once.
    package var requests = 1024
    /// What becomes of a request that would wait long.
    package var policy = WorkQueuePolicy.reject
    /// A request that would wait longer than this, in nanoseconds, is refused by the policy `reject`.
    package var wait: UInt64 = 100_000_000
    /// What is left of that when somebody always waits: a burst is let in and worked off, but a standing
    /// queue would only add its length to each answer.
    package var waitOverloaded: UInt64 = 5_000_000
    /// How requests are computed together, where their model's policy says nothing else.
    package var joining = JoiningRules()
    /// Requests of one version that workers answer at once; 0: any number.
    package var modelConcurrency = 0

    package init() {}
}

/// What becomes of a request that would wait long for a worker.
package enum WorkQueuePolicy: String, Sendable, CaseIterable {
    /// It is refused at once, so that its client can try elsewhere.
    case reject
    /// It waits, while there is room and as long as it allows itself.
    case wait
}
