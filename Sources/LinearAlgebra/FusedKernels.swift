// SPDX-License-Identifier: Apache-2.0
private import FusedProducts
private import WideProducts

/// `numbers` behind which zeros fill the last panel of sixteen.
func inWholePanels(_ numbers: [Float], outputCount: Int) -> [Float] {
    precondition(numbers.count == outputCount, "a bias has a number for each output")
    let padding = (outputCount + 15) / 16 * 16 - outputCount
    return numbers + [Float](repeating: 0, count: padding)
}

extension WeightMatrix {
    func multiplyFused(
        _ cpu: FusedCPU, _ panels: Span<Float>, bias: Span<Float>?, _ rows: Span<Float>, rowCount: Int,
        into products: inout MutableSpan<Float>
    ) {
        let width = (outputCount + 15) / 16 * 16
        precondition(panels.count == width * inputCount, "panels of sixteen outputs")
        precondition(bias?.count ?? width == width, "a bias of whole panels")
        precondition(
            rows.count >= rowCount * inputCount && products.count >= rowCount * outputCount,
            "rows and products of the matrix's shape")
        if rowCount == 0 { return }
        // Safe because the preconditions give the pointers as many numbers as the kernels read and write, and
        // the CPU is one that `FusedCPU` found.
        unsafe panels.withUnsafeBufferPointer { panels in
            unsafe rows.withUnsafeBufferPointer { rows in
                unsafe products.withUnsafeMutableBufferPointer { products in
                    unsafe withPointer(bias) { bias in
                        guard let panels = panels.baseAddress, let rows = rows.baseAddress,
                            let products = products.baseAddress
                        else { return }
                        if cpu == .wide {
                            unsafe WideProducts.Products.multiply(
                                weights: panels, outputs: outputCount, bias: bias,
                                cutsNegatives: cutsNegatives, runs: nil, runCount: 1, runLength: inputCount,
                                input: rows, inputStep: inputCount, inputTable: nil, output: products,
                                outputStep: outputCount, outputTable: nil, rowCount: rowCount)
                        } else {
                            unsafe FusedProducts.Products.multiply(
                                weights: panels, outputs: outputCount, bias: bias,
                                cutsNegatives: cutsNegatives, runs: nil, runCount: 1, runLength: inputCount,
                                input: rows, inputStep: inputCount, inputTable: nil, output: products,
                                outputStep: outputCount, outputTable: nil, rowCount: rowCount)
                        }
                    }
                }
            }
        }
    }

    func multiplyFew(
        _ cpu: FusedCPU, _ weights: Span<Float>, bias: Span<Float>?, _ rows: Span<Float>, rowCount: Int,
        into products: inout MutableSpan<Float>
    ) {
        precondition(weights.count == outputCount * inputCount, "a row of weights for each output")
        precondition(bias?.count ?? outputCount >= outputCount, "a bias for each output")
        precondition(
            rows.count >= rowCount * inputCount && products.count >= rowCount * outputCount,
            "rows and products of the matrix's shape")
        // Safe because the preconditions give the pointers as many numbers as the kernels read and write.
        unsafe weights.withUnsafeBufferPointer { weights in
            unsafe rows.withUnsafeBufferPointer { rows in
                unsafe products.withUnsafeMutableBufferPointer { products in
                    unsafe withPointer(bias) { bias in
                        guard let weights = weights.baseAddress, let rows = rows.baseAddress,
                            let products = products.baseAddress
                        else { return }
                        if cpu == .wide {
                            unsafe WideProducts.Products.multiplyFew(
                                weights: weights, bias: bias, cutsNegatives: cutsNegatives, rows: rows,
                                products: products, rowCount: rowCount, inputs: inputCount,
                                outputs: outputCount)
                        } else {
                            unsafe FusedProducts.Products.multiplyFew(
                                weights: weights, bias: bias, cutsNegatives: cutsNegatives, rows: rows,
                                products: products, rowCount: rowCount, inputs: inputCount,
                                outputs: outputCount)
                        }
                    }
                }
            }
        }
    }
}

/// `body` with a pointer to the numbers, nil where there are none.
private func withPointer(_ numbers: Span<Float>?, _ body: (UnsafePointer<Float>?) -> Void) {
    guard let numbers else { return body(nil) }
    // Safe because the pointer lives for the call.
    unsafe numbers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
}

/// c = a · b, row-major, [m, k] · [k, n], by fused steps; false, and nothing done, where the CPU has none.
package func multiplyFused(
    _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>, rows m: Int, inner k: Int,
    columns n: Int, on cpu: FusedCPU = .best
) -> Bool {
    guard cpu != .none, cpu.isPresent else { return false }
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n, "the shapes do not fit")
    if m == 0 || n == 0 || k == 0 { return false }
    // Safe because the precondition gives the pointers as many numbers as the shapes say.
    unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in
            unsafe c.withUnsafeMutableBufferPointer { c in
                guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                if cpu == .wide {
                    unsafe WideProducts.Products.multiply(a, b, c, rows: m, inner: k, columns: n)
                } else {
                    unsafe FusedProducts.Products.multiply(a, b, c, rows: m, inner: k, columns: n)
                }
            }
        }
    }
    return true
}
