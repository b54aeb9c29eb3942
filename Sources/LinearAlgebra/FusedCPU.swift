// SPDX-License-Identifier: Apache-2.0
private import CBLAS
private import FusedProducts

/// Whether this CPU runs the code of `FusedProducts`, asked once.
package enum FusedCPU {
    package static let isPresent = modeld_cblas_has_fma() != 0
}

extension WeightMatrix {
    func multiplyFused(
        _ panels: Span<Float>, _ rows: Span<Float>, rowCount: Int, into products: inout MutableSpan<Float>
    ) {
        let panelCount = (outputCount + 15) / 16
        precondition(panels.count == panelCount * inputCount * 16, "panels of sixteen outputs")
        precondition(
            rows.count >= rowCount * inputCount && products.count >= rowCount * outputCount,
            "rows and products of the matrix's shape")
        if rowCount == 0 { return }
        // Safe because the preconditions give the pointers as many numbers as the function reads and writes.
        unsafe panels.withUnsafeBufferPointer { panels in
            unsafe rows.withUnsafeBufferPointer { rows in
                unsafe products.withUnsafeMutableBufferPointer { products in
                    guard let panels = panels.baseAddress, let rows = rows.baseAddress,
                        let products = products.baseAddress
                    else { return }
                    unsafe FusedProducts.multiply(
                        panels: panels, rows: rows, products: products, rowCount: rowCount,
                        inputs: inputCount,
                        outputs: outputCount)
                }
            }
        }
    }
}

/// c = a · b, row-major, [m, k] · [k, n], by fused steps; false, and nothing done, where the CPU has none.
package func multiplyFused(
    _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>, rows m: Int, inner k: Int,
    columns n: Int
) -> Bool {
    guard FusedCPU.isPresent else { return false }
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n, "the shapes do not fit")
    if m == 0 || n == 0 || k == 0 { return false }
    // Safe because the precondition gives the pointers as many numbers as the shapes say.
    unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in
            unsafe c.withUnsafeMutableBufferPointer { c in
                guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                unsafe FusedProducts.multiply(a, b, c, rows: m, inner: k, columns: n)
            }
        }
    }
    return true
}
