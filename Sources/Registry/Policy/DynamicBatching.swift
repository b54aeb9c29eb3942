// SPDX-License-Identifier: Apache-2.0

/// How requests of one model are computed together: `dynamic_batching` of its policy. What is nil is left to
/// the daemon's settings.
package struct DynamicBatching: Sendable, Equatable {
    /// False: each request alone.
    package var isEnabled = true
    /// Rows that are computed together, at most.
    package var maxBatchSize: Int?
    /// Rows at which nobody waits for more, ascending; empty: only `maxBatchSize` is such a number.
    package var preferredBatchSizes: [Int] = []
    /// The longest that a request waits for others, in nanoseconds.
    package var maxQueueDelay: UInt64?

    package init() {}

    /// As many rows as `scheduling.batch_rows` may say.
    static let sizes = 1...65_536
    static let delayMax: UInt64 = 10_000_000_000

    init(_ value: PolicyValue) throws(PolicyDefect) {
        let known = ["enabled", "max_batch_size", "preferred_batch_size", "max_queue_delay"]
        for member in try value.members(known: known) {
            switch member.name {
            case "enabled": isEnabled = try member.flag()
            case "max_batch_size": maxBatchSize = try member.count(Self.sizes)
            case "preferred_batch_size":
                for element in try member.elements() {
                    preferredBatchSizes.append(try element.count(Self.sizes))
                }
                guard !preferredBatchSizes.isEmpty else {
                    throw member.defect("the list is empty; leave the key out")
                }
                preferredBatchSizes.sort()
            default:
                let delay = try member.nanoseconds(allowsZero: true)
                guard delay <= Self.delayMax else { throw member.defect("is longer than 10 s") }
                maxQueueDelay = delay
            }
        }
        if let largest = preferredBatchSizes.last, let maxBatchSize, largest > maxBatchSize {
            throw value.defect(
                "preferred_batch_size has \(largest), more than max_batch_size \(maxBatchSize)")
        }
    }
}
