// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A number that only goes up. One relaxed atomic addition; any thread may count.
package final class Counter: Sendable {
    private let storage = Atomic<UInt64>(0)

    package init() {}

    @inline(__always)
    package func add(_ count: UInt64 = 1) { storage.wrappingAdd(count, ordering: .relaxed) }

    package var value: UInt64 { storage.load(ordering: .relaxed) }
}

/// A whole number that goes up and down.
package final class Gauge: Sendable {
    private let storage = Atomic<Int64>(0)

    package init() {}

    package func set(_ value: Int64) { storage.store(value, ordering: .relaxed) }

    @inline(__always)
    package func add(_ change: Int64) { storage.wrappingAdd(change, ordering: .relaxed) }

    package var value: Int64 { storage.load(ordering: .relaxed) }
}

/// Durations counted in buckets. Two relaxed atomic additions an observation; any thread may observe.
///
/// A bucket holds only its own observations and the total is their sum at reading time, so that a scrape amid
/// updates never shows a count that differs from its infinite bucket.
package final class Histogram: Sendable {
    /// Buckets a histogram may have, the infinite one included.
    package static let bucketLimit = 10

    private let counts: InlineArray<10, Atomic<UInt64>>
    private let sumNanoseconds = Atomic<UInt64>(0)
    /// Inclusive upper bounds; the rest is `UInt64.max`, so that the search always ends.
    private let boundNanoseconds: InlineArray<10, UInt64>
    /// Upper bounds in seconds, without infinity.
    package let bounds: [Double]

    package init(bounds: [Double]) {
        precondition(bounds.count < Self.bucketLimit, "a histogram has at most nine finite buckets")
        self.bounds = bounds
        counts = InlineArray { _ in Atomic(0) }
        boundNanoseconds = InlineArray { index in
            index < bounds.count ? UInt64((bounds[index] * 1e9).rounded()) : .max
        }
    }

    /// Counts a duration.
    package func observe(nanoseconds: UInt64) {
        var bucket = 0
        while nanoseconds > boundNanoseconds[bucket] { bucket += 1 }
        counts[bucket].wrappingAdd(1, ordering: .relaxed)
        sumNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    /// What a scrape shows: the number of observations at most each bound, infinity last, and their sum.
    package struct Reading: Sendable, Equatable {
        package var cumulative: [UInt64]
        package var sumSeconds: Double
        package var count: UInt64 { cumulative.last ?? 0 }
    }

    package var reading: Reading {
        let sum = sumNanoseconds.load(ordering: .relaxed)
        var total: UInt64 = 0
        var cumulative: [UInt64] = []
        for bucket in 0...bounds.count {
            total &+= counts[bucket].load(ordering: .relaxed)
            cumulative.append(total)
        }
        return Reading(cumulative: cumulative, sumSeconds: Double(sum) / 1e9)
    }
}
