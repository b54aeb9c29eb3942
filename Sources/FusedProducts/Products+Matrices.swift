// SPDX-License-Identifier: Apache-2.0

extension Products {
    /// c[r, n] = Σ a[r, i] · b[i, n], all row-major: [m, k] · [k, n].
    package static func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, rows m: Int,
        inner k: Int, columns n: Int
    ) {
        let whole = n & ~15
        if whole > 0 {
            // Safe because the caller's memory has the sizes above; so in all that follows.
            let work = unsafe TileWork(
                weights: b, lineStep: n, panelStep: 16, outputs: whole, runs: nil, runCount: 1, runLength: k,
                bias: nil, cutsNegatives: false, input: a, inputPlaces: RowPlaces(step: k, table: nil),
                output: c, outputPlaces: RowPlaces(step: n, table: nil))
            unsafe multiply(work, whole / panelWidth, m)
        }
        var column = whole
        while column < n {
            let left = n &- column
            if left >= 8 {
                unsafe strip(SIMD8<Float>.self, a, b, c, m, k, n, column)
            } else if left >= 4 {
                unsafe strip(SIMD4<Float>.self, a, b, c, m, k, n, column)
            } else if left >= 2 {
                unsafe strip(SIMD2<Float>.self, a, b, c, m, k, n, column)
            } else {
                unsafe lastColumn(a, b, c, m, k, n)
            }
            column &+= left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1
        }
    }

    /// As many columns as `Part` has lanes, four rows at a time.
    @inline(__always) private static func strip<Part: SIMD<Float>>(
        _: Part.Type, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
        _ m: Int, _ k: Int, _ n: Int, _ column: Int
    ) {
        var row = 0
        while row < m {
            // Rows beyond the last are the last one again.
            let rows = InlineArray<4, Int> { min(row &+ $0, m &- 1) }
            var sums = InlineArray<4, Part>(repeating: .zero)
            for index in 0..<k {
                // Safe because b has the columns of the part in each line, and a and c have the rows.
                let line = unsafe UnsafeRawPointer(b + (index &* n &+ column)).loadUnaligned(as: Part.self)
                for place in 0..<4 {
                    unsafe sums[unchecked: place].addProduct(
                        line, Part(repeating: a[rows[unchecked: place] &* k &+ index]))
                }
            }
            for place in 0..<4 {
                unsafe UnsafeMutableRawPointer(c + (rows[unchecked: place] &* n &+ column)).storeBytes(
                    of: sums[unchecked: place], as: Part.self)
            }
            row &+= 4
        }
    }

    private static func lastColumn(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ m: Int,
        _ k: Int, _ n: Int
    ) {
        for row in 0..<m {
            var sum: Float = 0
            // Safe because all indices are inside the matrices.
            for index in 0..<k { unsafe sum.addProduct(a[row &* k &+ index], b[index &* n &+ n &- 1]) }
            unsafe c[row &* n &+ n &- 1] = sum
        }
    }
}
