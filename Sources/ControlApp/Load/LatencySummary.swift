// SPDX-License-Identifier: Apache-2.0

/// Latencies in nanoseconds, sorted, and what is said of them.
struct LatencySummary: Sendable, Equatable {
    let sorted: [UInt64]

    init(_ latencies: [UInt64]) { sorted = latencies.sorted() }

    var count: Int { sorted.count }

    /// The smallest latency that at least `share` (0 to 1) of all do not exceed; 0 when there are none.
    func percentile(_ share: Double) -> UInt64 {
        guard !sorted.isEmpty else { return 0 }
        let rank = Int((share * Double(count)).rounded(.up))
        return sorted[min(max(rank, 1), count) - 1]
    }

    var mean: UInt64 {
        sorted.isEmpty ? 0 : UInt64(sorted.reduce(0.0) { $0 + Double($1) } / Double(count))
    }

    struct Bucket: Sendable, Equatable {
        /// Exclusive, in nanoseconds.
        var upperBound: UInt64
        var count: Int
    }

    /// From the bucket of the smallest to that of the largest; four buckets double the bound, so that small
    /// and large latencies are told apart equally well.
    var histogram: [Bucket] {
        guard let first = sorted.first, let last = sorted.last else { return [] }
        var bound = 1000.0
        let step = 1.189_207_115_002_721
        while UInt64(bound) <= first { bound *= step }
        var buckets: [Bucket] = []
        var index = 0
        while true {
            var count = 0
            while index < sorted.count, sorted[index] < UInt64(bound) {
                count += 1
                index += 1
            }
            buckets.append(Bucket(upperBound: UInt64(bound), count: count))
            if UInt64(bound) > last { return buckets }
            bound *= step
        }
    }

    /// `0.512 ms`, `1.20 s`.
    static func text(_ nanoseconds: UInt64) -> String {
        let value = Double(nanoseconds)
        if value < 1e6 { return "\(rounded(value / 1e3)) us" }
        if value < 1e9 { return "\(rounded(value / 1e6)) ms" }
        return "\(rounded(value / 1e9)) s"
    }

    /// Three digits that count.
    private static func rounded(_ value: Double) -> String {
        let decimals = value < 10 ? 2 : value < 100 ? 1 : 0
        let scale = decimals == 2 ? 100.0 : decimals == 1 ? 10 : 1
        let whole = Int((value * scale).rounded())
        guard decimals > 0 else { return "\(whole)" }
        let digits = "\(whole % Int(scale))"
        return "\(whole / Int(scale))." + String(repeating: "0", count: decimals - digits.count) + digits
    }
}
