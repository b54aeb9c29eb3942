// SPDX-License-Identifier: Apache-2.0

/// Memory for the histograms of the leaves that may still be split, used again from tree to tree.
///
/// A histogram is a sum for each bin of each feature and, where rows have to be counted apart from hessians,
/// as many counts behind them.
final class HistogramStore {
    /// Sums in a histogram, counts included.
    let size: Int
    private var free: [NumberMemory<Int>] = []
    private var madeCount = 0
    private let countMax: Int

    /// Histograms take so much memory at most; leaves beyond that are summed up again from their rows.
    static let bytesMax = 1 << 30

    init(size: Int) {
        self.size = size
        countMax = max(4, HistogramStore.bytesMax / (8 * max(size, 1)))
    }

    /// Memory for a histogram, its content of old; nil when there is no more.
    func take() -> NumberMemory<Int>? {
        if let memory = free.popLast() { return memory }
        guard madeCount < countMax else { return nil }
        madeCount += 1
        return NumberMemory(count: size, repeating: 0)
    }

    func give(_ memory: NumberMemory<Int>?) {
        if let memory { free.append(memory) }
    }
}
