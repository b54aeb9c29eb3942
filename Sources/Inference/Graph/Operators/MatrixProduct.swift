// SPDX-License-Identifier: Apache-2.0
internal import LinearAlgebra

/// A row-major product of two matrices that come with the request: c = a · b, [m, k] · [k, n].
///
/// Each element is a sum in the order of the inner axis, so that a row's answer does not depend on its
/// neighbours.
func multiplyMatrices(
    _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>, rows m: Int, inner k: Int,
    columns n: Int
) {
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n, "the shapes do not fit")
    if multiplyFused(a, b, into: &c, rows: m, inner: k, columns: n) { return }
    // Safe because a Float has no padding bytes.
    let left = unsafe a.bytes
    let right = unsafe b.bytes
    var row = 0
    while row < m {
        let rows = min(4, m - row)
        var column = 0
        while column + 8 <= n {
            if rows == 4 {
                multiplyTile(left, right, row, column, k, n, &c)
            } else {
                for single in row..<row + rows { multiplyStrip(left, right, single, column, k, n, &c) }
            }
            column += 8
        }
        while column < n {
            for single in row..<row + rows {
                var sum: Float = 0
                for inner in 0..<k { sum += a[single * k + inner] * b[inner * n + column] }
                c[single * n + column] = sum
            }
            column += 1
        }
        row += rows
    }
}

private typealias Lanes = SIMD8<Float>

@inline(__always) private func multiplyTile(
    _ a: RawSpan, _ b: RawSpan, _ row: Int, _ column: Int, _ k: Int, _ n: Int, _ c: inout MutableSpan<Float>
) {
    var sum0 = Lanes.zero
    var sum1 = Lanes.zero
    var sum2 = Lanes.zero
    var sum3 = Lanes.zero
    for inner in 0..<k {
        // Safe because the caller has four rows from `row` on and eight columns from `column` on.
        let lanes = unsafe b.unsafeLoadUnaligned(
            fromUncheckedByteOffset: (inner &* n &+ column) &* 4, as: Lanes.self)
        let place = (row &* k &+ inner) &* 4
        sum0 += lanes * (unsafe a.unsafeLoad(fromUncheckedByteOffset: place, as: Float.self))
        sum1 += lanes * (unsafe a.unsafeLoad(fromUncheckedByteOffset: place &+ 4 &* k, as: Float.self))
        sum2 += lanes * (unsafe a.unsafeLoad(fromUncheckedByteOffset: place &+ 8 &* k, as: Float.self))
        sum3 += lanes * (unsafe a.unsafeLoad(fromUncheckedByteOffset: place &+ 12 &* k, as: Float.self))
    }
    for lane in 0..<8 {
        c[row * n + column + lane] = sum0[lane]
        c[(row + 1) * n + column + lane] = sum1[lane]
        c[(row + 2) * n + column + lane] = sum2[lane]
        c[(row + 3) * n + column + lane] = sum3[lane]
    }
}

@inline(__always) private func multiplyStrip(
    _ a: RawSpan, _ b: RawSpan, _ row: Int, _ column: Int, _ k: Int, _ n: Int, _ c: inout MutableSpan<Float>
) {
    var sum = Lanes.zero
    for inner in 0..<k {
        // Safe because the caller has this row, and eight columns from `column` on.
        let lanes = unsafe b.unsafeLoadUnaligned(
            fromUncheckedByteOffset: (inner &* n &+ column) &* 4, as: Lanes.self)
        sum +=
            lanes * (unsafe a.unsafeLoad(fromUncheckedByteOffset: (row &* k &+ inner) &* 4, as: Float.self))
    }
    for lane in 0..<8 { c[row * n + column + lane] = sum[lane] }
}

/// Adds `term` to all of `range`, and cuts what is negative where asked.
func add(_ term: Float, to y: inout MutableSpan<Float>, _ range: Range<Int>, cutsNegatives: Bool) {
    precondition(range.lowerBound >= 0 && range.upperBound <= y.count, "a range inside the span")
    // Safe because the precondition keeps the range inside the span.
    if cutsNegatives {
        for index in range {
            let sum = unsafe y[unchecked: index] + term
            unsafe y[unchecked: index] = sum < 0 ? 0 : sum
        }
    } else if term != 0 {
        for index in range { unsafe y[unchecked: index] += term }
    }
}

/// The same for other types, plainly.
func multiplyMatrices<Value: Numeric>(
    _ a: Span<Value>, _ b: Span<Value>, into c: inout MutableSpan<Value>, rows m: Int, inner k: Int,
    columns n: Int, _ add: (Value, Value, Value) -> Value
) {
    for row in 0..<m {
        for column in 0..<n { c[row * n + column] = 0 }
        for inner in 0..<k {
            let factor = a[row * k + inner]
            for column in 0..<n {
                c[row * n + column] = add(c[row * n + column], factor, b[inner * n + column])
            }
        }
    }
}

extension WeightMatrix {
    /// products = rows · weightsᵀ for any number of rows; both spans may be longer.
    func multiply(
        _ rows: Span<Float>, anyCount rowCount: Int, into products: inout MutableSpan<Float>
    ) {
        let whole =
            paddedRows(rowCount) == rowCount
            ? rowCount : rowCount / WeightMatrix.blockRows * WeightMatrix.blockRows
        if whole > 0 {
            var target = products._mutatingExtracting(0..<whole * outputCount)
            multiply(rows.extracting(0..<whole * inputCount), rowCount: whole, into: &target)
        }
        guard whole < rowCount else { return }
        let padded = paddedRows(rowCount - whole)
        var inputs = [Float](repeating: 0, count: padded * inputCount)
        for index in 0..<(rowCount - whole) * inputCount { inputs[index] = rows[whole * inputCount + index] }
        var results = [Float](repeating: 0, count: padded * outputCount)
        var target = results.mutableSpan
        multiply(inputs.span, rowCount: padded, into: &target)
        for index in 0..<(rowCount - whole) * outputCount {
            products[whole * outputCount + index] = results[index]
        }
    }
}
