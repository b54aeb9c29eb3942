// SPDX-License-Identifier: Apache-2.0
package import Registry

/// When requests of one version are computed together, and how many rows of them.
package struct JoiningRules: Sendable, Equatable {
    /// Rows of several requests that are computed together; 1: each request alone.
    package var rows = 64
    /// Rows at which nobody waits for more, ascending.
    package var preferredRows: [Int] = []
    /// How long a request waits for company while there are fewer rows, in nanoseconds.
    package var delay: UInt64 = 0

    package init() {}

    /// The same with what a model's policy says.
    package func applying(_ batching: DynamicBatching?) -> JoiningRules {
        guard let batching else { return self }
        var rules = self
        if let delay = batching.maxQueueDelay { rules.delay = delay }
        rules.preferredRows = batching.preferredBatchSizes
        rules.rows = batching.maxBatchSize ?? max(rows, batching.preferredBatchSizes.last ?? 0)
        if !batching.isEnabled { rules.rows = 1 }
        return rules
    }

    /// Whether so many rows wait for no more.
    func isEnough(_ count: Int) -> Bool { count >= (preferredRows.first ?? rows) }

    /// Rows to take of `waiting` ones: the largest preferred number that they fill, else as many as may.
    func rowsMax(of waiting: Int) -> Int { preferredRows.last { $0 <= waiting } ?? rows }
}
