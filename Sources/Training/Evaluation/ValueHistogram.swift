// SPDX-License-Identifier: Apache-2.0

/// Values counted in bins of equal width.
package struct ValueHistogram: Sendable, Equatable {
    /// The outermost bins hold what lies beyond, too.
    package var low: Double
    package var high: Double
    package var counts: [Int]

    /// `sorted` is ascending and finite; the bins span the values from the 0.5 % to the 99.5 % quantile.
    init(_ sorted: [Double], binCount: Int) {
        low = sorted.isEmpty ? 0 : Bootstrap.quantile(sorted, 0.005)
        high = sorted.isEmpty ? 0 : Bootstrap.quantile(sorted, 0.995)
        counts = [Int](repeating: 0, count: high > low ? binCount : 1)
        add(sorted)
    }

    /// As many values in the bins of `other`.
    init(_ values: [Double], binsOf other: ValueHistogram) {
        self = other
        counts = [Int](repeating: 0, count: other.counts.count)
        add(values)
    }

    private mutating func add(_ values: [Double]) {
        // Halved before they are subtracted: the difference of two huge numbers would be infinite.
        let width = high / 2 - low / 2
        for value in values {
            let place = width > 0 ? (value / 2 - low / 2) / width * Double(counts.count) : 0
            counts[Int(min(max(place, 0), Double(counts.count - 1)))] += 1
        }
    }
}
