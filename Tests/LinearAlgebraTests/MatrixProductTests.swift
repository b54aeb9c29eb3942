// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import LinearAlgebra

@Suite struct MatrixProductTests {
    @Test(arguments: [(1, 1, 1), (3, 5, 7), (32, 28, 64), (33, 64, 1), (5, 0, 4), (64, 17, 130), (2, 9, 16)])
    func equalsTheSumOfProducts(m: Int, k: Int, n: Int) {
        var random = SystemRandomNumberGenerator()
        let a = (0..<m * k).map { _ in Float.random(in: -1...1, using: &random) }
        let b = (0..<k * n).map { _ in Float.random(in: -1...1, using: &random) }
        var c = [Float](repeating: .nan, count: m * n)
        var target = c.mutableSpan
        multiplyMatrices(a.span, b.span, into: &target, rows: m, inner: k, columns: n)
        for row in 0..<m {
            for column in 0..<n {
                let exact = (0..<k).reduce(0.0) { $0 + Double(a[row * k + $1]) * Double(b[$1 * n + column]) }
                if k == 0 { continue }
                #expect(abs(Double(c[row * n + column]) - exact) < 1e-5 * Double(k + 1))
            }
        }
        if k == 0 { #expect(c.allSatisfy { $0 == 0 }) }
    }
}
