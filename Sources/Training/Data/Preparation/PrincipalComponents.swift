// SPDX-License-Identifier: Apache-2.0

/// The directions in which centred data varies most, by singular values: rows are reduced to a triangle by
/// Gram and Schmidt's steps, whose columns Jacobi's rotations then make orthogonal. No square of the data is
/// formed, so small directions keep their digits.
enum PrincipalComponents {
    /// - Parameters:
    ///   - columns: one array a column, all of one length, at least 2.
    ///   - count: how many directions, at most the columns.
    /// - Returns: the columns' means; row-major [count, columns], each of length 1 with its largest number
    ///   above 0; and the variance along each.
    static func fit(
        _ columns: [[Double]], count: Int
    ) -> (means: [Double], components: [Double], variances: [Double]) {
        let width = columns.count
        let rowCount = columns[0].count
        let means = columns.map { FittedStages.moments($0).mean }
        var work = zip(columns, means).map { column, mean in column.map { $0 - mean } }
        var triangle = [[Double]](repeating: [Double](repeating: 0, count: width), count: width)
        for j in 0..<width {
            let length = dot(work[j], work[j]).squareRoot()
            triangle[j][j] = length
            guard length > 0 else { continue }
            for row in 0..<rowCount { work[j][row] /= length }
            for k in j + 1..<max(width, j + 1) {
                let product = dot(work[j], work[k])
                triangle[k][j] = product
                for row in 0..<rowCount { work[k][row] -= product * work[j][row] }
            }
        }
        let (lengths, axes) = orthogonalize(&triangle)
        let order = lengths.indices.sorted {
            lengths[$0] == lengths[$1] ? $0 < $1 : lengths[$0] > lengths[$1]
        }
        var components: [Double] = []
        var variances: [Double] = []
        for index in order.prefix(count) {
            var axis = axes[index]
            var largest = 0.0
            for value in axis where abs(value) > abs(largest) { largest = value }
            if largest < 0 { axis = axis.map { -$0 } }
            components += axis
            variances.append(lengths[index] * lengths[index] / Double(max(rowCount - 1, 1)))
        }
        return (means, components, variances)
    }

    /// One-sided Jacobi: rotates pairs of columns until all are orthogonal; returns their lengths, and the
    /// rotations' product as one axis a column.
    private static func orthogonalize(_ columns: inout [[Double]]) -> ([Double], [[Double]]) {
        let width = columns.count
        var axes = (0..<width).map { place in
            var axis = [Double](repeating: 0, count: width)
            axis[place] = 1
            return axis
        }
        for _ in 0..<60 {
            var isDone = true
            for p in 0..<width {
                for q in p + 1..<max(width, p + 1) {
                    let alpha = dot(columns[p], columns[p])
                    let beta = dot(columns[q], columns[q])
                    let gamma = dot(columns[p], columns[q])
                    if abs(gamma) <= 1e-15 * (alpha * beta).squareRoot() || gamma == 0 { continue }
                    isDone = false
                    let zeta = (beta - alpha) / (2 * gamma)
                    let tangent = (zeta >= 0 ? 1.0 : -1.0) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
                    let cosine = 1 / (1 + tangent * tangent).squareRoot()
                    rotate(&columns, p, q, cosine, cosine * tangent)
                    rotate(&axes, p, q, cosine, cosine * tangent)
                }
            }
            if isDone { break }
        }
        // Axes were rotated as the columns were: axis i of the result is what column i is a multiple of.
        return (columns.map { dot($0, $0).squareRoot() }, axes)
    }

    private static func rotate(
        _ columns: inout [[Double]], _ p: Int, _ q: Int, _ cosine: Double, _ sine: Double
    ) {
        for row in columns[p].indices {
            let (left, right) = (columns[p][row], columns[q][row])
            columns[p][row] = cosine * left - sine * right
            columns[q][row] = sine * left + cosine * right
        }
    }

    private static func dot(_ left: [Double], _ right: [Double]) -> Double {
        var sum = 0.0
        for (a, b) in zip(left, right) { sum += a * b }
        return sum
    }
}
