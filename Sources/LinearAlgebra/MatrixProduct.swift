// SPDX-License-Identifier: Apache-2.0

/// c = a · b, row-major, [m, k] · [k, n], by the fastest kernel that the machine has; for training, where
/// the last bits may depend on the shapes. The same shapes and numbers give the same bits on one machine.
package func multiplyMatrices(
    _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>, rows m: Int, inner k: Int,
    columns n: Int
) {
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n, "the shapes do not fit")
    if m == 0 || n == 0 { return }
    if k > 0, multiplyFused(a, b, into: &c, rows: m, inner: k, columns: n) { return }
    if k > 0, let library = BLASLibrary.shared {
        var target = c._mutatingExtracting(0..<m * n)
        return library.multiply(
            a.extracting(0..<m * k), b.extracting(0..<k * n), into: &target, rows: m, inner: k, columns: n)
    }
    for row in 0..<m {
        for column in 0..<n { c[row * n + column] = 0 }
        for index in 0..<k {
            let factor = a[row * k + index]
            for column in 0..<n { c[row * n + column] += factor * b[index * n + column] }
        }
    }
}
