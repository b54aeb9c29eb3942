// SPDX-License-Identifier: Apache-2.0

extension WeightMatrix {
    /// Four accumulators of eight lanes are what the sixteen SSE registers hold beside the operands. Each
    /// output is a sum in the order of the inputs, product by product, never fused: the reference's order
    /// exactly.
    func multiplyPanels(
        _ panels: Span<Float>, _ rows: Span<Float>, rowCount: Int, into products: inout MutableSpan<Float>
    ) {
        let panelCount = (outputCount + 7) / 8
        precondition(panels.count == panelCount * inputCount * 8, "panels of eight outputs")
        let whole = rowCount & ~3
        var first = 0
        while first < whole {
            for panel in 0..<panelCount {
                let sums = fourRows(panels, panel, rows, first)
                store(sums.0, row: first, panel, &products)
                store(sums.1, row: first + 1, panel, &products)
                store(sums.2, row: first + 2, panel, &products)
                store(sums.3, row: first + 3, panel, &products)
            }
            first += 4
        }
        for row in whole..<rowCount {
            var panel = 0
            while panel + 4 <= panelCount {
                let sums = fourPanels(panels, panel, rows, row)
                store(sums.0, row: row, panel, &products)
                store(sums.1, row: row, panel + 1, &products)
                store(sums.2, row: row, panel + 2, &products)
                store(sums.3, row: row, panel + 3, &products)
                panel += 4
            }
            while panel < panelCount {
                store(onePanel(panels, panel, rows, row), row: row, panel, &products)
                panel += 1
            }
        }
    }

    private typealias Lanes = SIMD8<Float>

    @inline(__always) private func store(
        _ lanes: Lanes, row: Int, _ panel: Int, _ products: inout MutableSpan<Float>
    ) {
        let first = row &* outputCount &+ panel &* 8
        let count = min(8, outputCount &- panel &* 8)
        for lane in 0..<count { products[first &+ lane] = lanes[lane] }
    }

    @inline(__always) private func weights(_ panels: RawSpan, _ index: Int) -> Lanes {
        // Safe because `multiplyPanels` checked the number of panels, and any bits are a Float.
        unsafe panels.unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 32, as: Lanes.self)
    }

    @inline(__always) private func fourRows(
        _ panels: Span<Float>, _ panel: Int, _ rows: Span<Float>, _ first: Int
    ) -> (Lanes, Lanes, Lanes, Lanes) {
        var sum0 = Lanes.zero
        var sum1 = Lanes.zero
        var sum2 = Lanes.zero
        var sum3 = Lanes.zero
        let base = panel &* inputCount
        let row0 = first &* inputCount
        // Safe because a Float has no padding bytes; `multiply` checked that there are four rows from
        // `first` on.
        let bytes = unsafe panels.bytes
        for input in 0..<inputCount {
            let lanes = weights(bytes, base &+ input)
            let place = row0 &+ input
            sum0 += lanes * (unsafe rows[unchecked: place])
            sum1 += lanes * (unsafe rows[unchecked: place &+ inputCount])
            sum2 += lanes * (unsafe rows[unchecked: place &+ 2 &* inputCount])
            sum3 += lanes * (unsafe rows[unchecked: place &+ 3 &* inputCount])
        }
        return (sum0, sum1, sum2, sum3)
    }

    @inline(__always) private func fourPanels(
        _ panels: Span<Float>, _ panel: Int, _ rows: Span<Float>, _ row: Int
    ) -> (Lanes, Lanes, Lanes, Lanes) {
        var sum0 = Lanes.zero
        var sum1 = Lanes.zero
        var sum2 = Lanes.zero
        var sum3 = Lanes.zero
        let base = panel &* inputCount
        // Safe because a Float has no padding bytes; the caller has four panels from `panel` on.
        let bytes = unsafe panels.bytes
        for input in 0..<inputCount {
            let value = unsafe rows[unchecked: row &* inputCount &+ input]
            let place = base &+ input
            sum0 += weights(bytes, place) * value
            sum1 += weights(bytes, place &+ inputCount) * value
            sum2 += weights(bytes, place &+ 2 &* inputCount) * value
            sum3 += weights(bytes, place &+ 3 &* inputCount) * value
        }
        return (sum0, sum1, sum2, sum3)
    }

    @inline(__always) private func onePanel(
        _ panels: Span<Float>, _ panel: Int, _ rows: Span<Float>, _ row: Int
    ) -> Lanes {
        var sum = Lanes.zero
        // Safe because a Float has no padding bytes.
        let bytes = unsafe panels.bytes
        for input in 0..<inputCount {
            sum += weights(bytes, panel &* inputCount &+ input) * rows[row &* inputCount &+ input]
        }
        return sum
    }
}
