// SPDX-License-Identifier: Apache-2.0

/// Matrix products of Float32 with fused multiplications and additions over 256-bit registers, for CPUs that
/// have them (AVX2 and FMA). Built with the compiler flags for those, and so a module of its own: nothing in
/// it may run, or be inlined elsewhere, before `LinearAlgebra` has asked the CPU.
///
/// Each element is one sum in the order of the inner axis, fused step by step, whatever tile it is part of:
/// it does not depend on the rows around it.
package enum FusedProducts {
    /// Outputs that stand side by side in a panel of weights.
    package static let panelWidth = 16

    private typealias Lanes = SIMD8<Float>

    /// products[r, o] = Σ rows[r, i] · panels[o / 16, i, o % 16]; rows and products are row-major.
    ///
    /// - Parameters:
    ///   - panels: ⌈outputs / 16⌉ · inputs · 16 numbers.
    ///   - rows: rowCount · inputs numbers.
    ///   - products: rowCount · outputs numbers.
    package static func multiply(
        panels: UnsafePointer<Float>, rows: UnsafePointer<Float>, products: UnsafeMutablePointer<Float>,
        rowCount: Int, inputs: Int, outputs: Int
    ) {
        var first = 0
        // One row alone: four panels at a time hide the latency of the additions.
        while rowCount == 1 && first &+ 64 <= outputs {
            // Safe because four whole panels and sixty-four outputs follow.
            unsafe strip64(rows, panels + first &* inputs, inputs &* 16, products + first, inputs)
            first &+= 64
        }
        while first < outputs {
            // Safe because the caller's memory has the sizes above; so in all that follows.
            let weights = unsafe panels + first &* inputs
            let width = min(16, outputs &- first)
            var row = 0
            while row &+ 6 <= rowCount {
                unsafe tile6(
                    rows + row &* inputs, inputs, weights, 16, products + (row &* outputs &+ first), outputs,
                    inputs, width)
                row &+= 6
            }
            if row &+ 4 <= rowCount {
                unsafe tile4(
                    rows + row &* inputs, inputs, weights, 16, products + (row &* outputs &+ first), outputs,
                    inputs, width)
                row &+= 4
            }
            while row < rowCount {
                unsafe tile1(
                    rows + row &* inputs, weights, 16, products + (row &* outputs &+ first), inputs, width)
                row &+= 1
            }
            first &+= 16
        }
    }

    /// c[r, n] = Σ a[r, i] · b[i, n], all row-major: [m, k] · [k, n].
    package static func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, rows m: Int,
        inner k: Int, columns n: Int
    ) {
        var column = 0
        while column &+ 16 <= n {
            var row = 0
            while row &+ 6 <= m {
                // Safe because the caller's memory has the sizes above; so in all that follows.
                unsafe tile6(a + row &* k, k, b + column, n, c + (row &* n &+ column), n, k, 16)
                row &+= 6
            }
            if row &+ 4 <= m {
                unsafe tile4(a + row &* k, k, b + column, n, c + (row &* n &+ column), n, k, 16)
                row &+= 4
            }
            while row < m {
                unsafe tile1(a + row &* k, b + column, n, c + (row &* n &+ column), k, 16)
                row &+= 1
            }
            column &+= 16
        }
        while column < n {
            for row in 0..<m {
                var sum: Float = 0
                for inner in 0..<k { unsafe sum.addProduct(a[row &* k &+ inner], b[inner &* n &+ column]) }
                unsafe c[row &* n &+ column] = sum
            }
            column &+= 1
        }
    }

    // MARK: Tiles

    @inline(__always) private static func load(_ pointer: UnsafePointer<Float>) -> Lanes {
        // Safe because callers point at eight numbers, and any bits are a Float.
        unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
    }

    @inline(__always) private static func store(
        _ low: Lanes, _ high: Lanes, _ target: UnsafeMutablePointer<Float>, _ width: Int
    ) {
        // Safe because callers have room for `width` numbers at the target.
        if width == 16 {
            unsafe UnsafeMutableRawPointer(target).storeBytes(of: low, as: Lanes.self)
            unsafe UnsafeMutableRawPointer(target + 8).storeBytes(of: high, as: Lanes.self)
        } else {
            for lane in 0..<width { unsafe target[lane] = lane < 8 ? low[lane] : high[lane &- 8] }
        }
    }

    @inline(__always) private static func tile6(
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ k: Int, _ width: Int
    ) {
        var (s0, s1, s2, s3, s4, s5) = (
            Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero
        )
        var (t0, t1, t2, t3, t4, t5) = (
            Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero
        )
        for i in 0..<k {
            // Safe because the caller has six rows of `k` numbers, and `k` lines of sixteen.
            let x = unsafe load(b + i &* ldb)
            let y = unsafe load(b + (i &* ldb &+ 8))
            let v0 = unsafe Lanes(repeating: a[i])
            s0.addProduct(x, v0)
            t0.addProduct(y, v0)
            let v1 = unsafe Lanes(repeating: a[lda &+ i])
            s1.addProduct(x, v1)
            t1.addProduct(y, v1)
            let v2 = unsafe Lanes(repeating: a[2 &* lda &+ i])
            s2.addProduct(x, v2)
            t2.addProduct(y, v2)
            let v3 = unsafe Lanes(repeating: a[3 &* lda &+ i])
            s3.addProduct(x, v3)
            t3.addProduct(y, v3)
            let v4 = unsafe Lanes(repeating: a[4 &* lda &+ i])
            s4.addProduct(x, v4)
            t4.addProduct(y, v4)
            let v5 = unsafe Lanes(repeating: a[5 &* lda &+ i])
            s5.addProduct(x, v5)
            t5.addProduct(y, v5)
        }
        unsafe store(s0, t0, c, width)
        unsafe store(s1, t1, c + ldc, width)
        unsafe store(s2, t2, c + 2 &* ldc, width)
        unsafe store(s3, t3, c + 3 &* ldc, width)
        unsafe store(s4, t4, c + 4 &* ldc, width)
        unsafe store(s5, t5, c + 5 &* ldc, width)
    }

    @inline(__always) private static func tile4(
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ k: Int, _ width: Int
    ) {
        var (s0, s1, s2, s3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        var (t0, t1, t2, t3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        for i in 0..<k {
            // Safe because the caller has four rows of `k` numbers, and `k` lines of sixteen.
            let x = unsafe load(b + i &* ldb)
            let y = unsafe load(b + (i &* ldb &+ 8))
            let v0 = unsafe Lanes(repeating: a[i])
            s0.addProduct(x, v0)
            t0.addProduct(y, v0)
            let v1 = unsafe Lanes(repeating: a[lda &+ i])
            s1.addProduct(x, v1)
            t1.addProduct(y, v1)
            let v2 = unsafe Lanes(repeating: a[2 &* lda &+ i])
            s2.addProduct(x, v2)
            t2.addProduct(y, v2)
            let v3 = unsafe Lanes(repeating: a[3 &* lda &+ i])
            s3.addProduct(x, v3)
            t3.addProduct(y, v3)
        }
        unsafe store(s0, t0, c, width)
        unsafe store(s1, t1, c + ldc, width)
        unsafe store(s2, t2, c + 2 &* ldc, width)
        unsafe store(s3, t3, c + 3 &* ldc, width)
    }

    @inline(__always) private static func tile1(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ ldb: Int, _ c: UnsafeMutablePointer<Float>,
        _ k: Int, _ width: Int
    ) {
        var (s, t) = (Lanes.zero, Lanes.zero)
        for i in 0..<k {
            // Safe because the caller has one row of `k` numbers, and `k` lines of sixteen.
            let v = unsafe Lanes(repeating: a[i])
            unsafe s.addProduct(load(b + i &* ldb), v)
            unsafe t.addProduct(load(b + (i &* ldb &+ 8)), v)
        }
        unsafe store(s, t, c, width)
    }

    /// One row and four panels, `step` numbers apart.
    @inline(__always) private static func strip64(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ step: Int, _ c: UnsafeMutablePointer<Float>,
        _ k: Int
    ) {
        var (s0, s1, s2, s3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        var (t0, t1, t2, t3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        for i in 0..<k {
            // Safe because the caller has one row of `k` numbers, and four panels of `k` lines of sixteen.
            let v = unsafe Lanes(repeating: a[i])
            let line = unsafe b + i &* 16
            unsafe s0.addProduct(load(line), v)
            unsafe t0.addProduct(load(line + 8), v)
            unsafe s1.addProduct(load(line + step), v)
            unsafe t1.addProduct(load(line + (step &+ 8)), v)
            unsafe s2.addProduct(load(line + 2 &* step), v)
            unsafe t2.addProduct(load(line + (2 &* step &+ 8)), v)
            unsafe s3.addProduct(load(line + 3 &* step), v)
            unsafe t3.addProduct(load(line + (3 &* step &+ 8)), v)
        }
        unsafe store(s0, t0, c, 16)
        unsafe store(s1, t1, c + 16, 16)
        unsafe store(s2, t2, c + 32, 16)
        unsafe store(s3, t3, c + 48, 16)
    }
}
