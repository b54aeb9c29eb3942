// SPDX-License-Identifier: Apache-2.0

/// The weighted mean of a loss of one margin a row, plus `penalty`/2 times the squared weights; the
/// intercept is free. Parameters: the weights, then the intercept.
struct MarginObjective: ConvexObjective {
    private let matrix: DesignMatrix
    private let targets: [Double]
    private let loss: MarginLoss
    private let penalty: Double
    /// Second derivatives at the last evaluated point, one a row, times the row's weight.
    private var curvatures: [Double]

    init(_ matrix: DesignMatrix, targets: [Double], loss: MarginLoss, penalty: Double) {
        self.matrix = matrix
        self.targets = targets
        self.loss = loss
        self.penalty = penalty
        curvatures = [Double](repeating: 0, count: targets.count)
    }

    var parameterCount: Int { matrix.featureCount + 1 }

    /// The point to begin at: no weights, and the best intercept for that.
    var start: [Double] {
        var sum = 0.0
        for (row, target) in targets.enumerated() { sum += (matrix.weights?[row] ?? 1) * target }
        var point = [Double](repeating: 0, count: parameterCount)
        point[matrix.featureCount] = loss.start(mean: sum / matrix.weightSum)
        return point
    }

    mutating func evaluate(_ point: [Double], gradient: inout [Double]) -> Double {
        let width = matrix.stride + 2
        let loss = loss
        // Safe because `pass` gives rows, sums and curvatures of the sizes that are used.
        let sums = unsafe pass(width: width, point) { row, margin, weight, target, curvature, sums, stride in
            let (value, slope, bend) = loss.evaluate(margin, target)
            unsafe curvature.pointee = weight * bend
            unsafe accumulate(weight * slope, row, sums, stride)
            unsafe sums[stride] += weight * slope
            unsafe sums[stride + 1] += weight * value
        }
        return finish(sums[width - 1], point, sums, &gradient)
    }

    mutating func curvature(along direction: [Double], into product: inout [Double]) {
        let width = matrix.stride + 1
        // Safe because `pass` gives rows, sums and curvatures of the sizes that are used.
        let sums = unsafe pass(width: width, direction) { row, margin, _, _, curvature, sums, stride in
            let factor = unsafe curvature.pointee * margin
            unsafe accumulate(factor, row, sums, stride)
            unsafe sums[stride] += factor
        }
        _ = finish(0, direction, sums, &product)
    }

    var rowCount: Int { matrix.rowCount }

    /// The same of each `step`-th row.
    func sampled(_ step: Int) -> MarginObjective {
        MarginObjective(
            matrix.sampled(step),
            targets: Swift.stride(from: 0, to: matrix.rowCount, by: step).map { targets[$0] }, loss: loss,
            penalty: penalty)
    }

    /// The Hessian at the last evaluated point: the lower triangle, row-major [parameters, parameters]; with
    /// `rowStep` above 1 what each so many-th row makes of it.
    func hessian(rowStep: Int = 1) -> [Double] {
        let (stride, count) = (matrix.stride, parameterCount)
        let matrix = matrix
        // Safe because the memory outlives the pass, and the sums have the width asked for.
        let sums = unsafe curvatures.withUnsafeBufferPointer { curvatures in
            nonisolated(unsafe) let curvatures = unsafe curvatures
            return unsafe matrix.sum(width: (stride + 1) * stride) { block, sums in
                // Safe because a block's rows lie in the matrix and the sums have the width asked for.
                guard let sums = sums.baseAddress else { return }
                unsafe matrix.withRows { values in
                    let rows = matrix.rows(block)
                    for row in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: rowStep) {
                        let place = unsafe values + row * stride
                        let bend = unsafe curvatures[row]
                        // The line of the intercept is the sum of the rows; its corner stands behind it.
                        unsafe accumulate(bend, place, sums + stride * stride, stride)
                        for line in 0..<matrix.featureCount {
                            // Whole lanes up to the diagonal.
                            unsafe accumulate(
                                bend * place[line], place, sums + line * stride, (line + 4) & ~3)
                        }
                    }
                }
            }
        }
        var corner = 0.0
        var sampledCount = 0
        for block in 0..<matrix.blockCount {
            let rows = matrix.rows(block)
            for row in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: rowStep) {
                corner += curvatures[row]
                sampledCount += 1
            }
        }
        let scale = Double(matrix.rowCount) / Double(max(sampledCount, 1)) / matrix.weightSum
        var result = [Double](repeating: 0, count: count * count)
        for line in 0..<matrix.featureCount {
            for column in 0...line { result[line * count + column] = sums[line * stride + column] * scale }
            result[line * count + line] += penalty
            result[(count - 1) * count + line] = sums[stride * stride + line] * scale
        }
        result[count * count - 1] = corner * scale
        return result
    }

    /// For each row its margin (or product with a direction), then what `body` makes of it.
    private mutating func pass(
        width: Int, _ point: [Double],
        _ body:
            @Sendable (
                _ row: UnsafePointer<Double>, _ margin: Double, _ weight: Double, _ target: Double,
                _ curvature: UnsafeMutablePointer<Double>, _ sums: UnsafeMutablePointer<Double>, _ stride: Int
            ) -> Void
    ) -> [Double] {
        let (matrix, targets) = (matrix, targets)
        let stride = matrix.stride
        var padded = [Double](repeating: 0, count: stride)
        for index in 0..<matrix.featureCount { padded[index] = point[index] }
        let vector = padded
        let intercept = point[matrix.featureCount]
        // Safe because blocks have rows of their own, and the memory outlives the pass.
        return unsafe curvatures.withUnsafeMutableBufferPointer { curvatures in
            // Safe because blocks have rows of their own, and the memory outlives the pass.
            nonisolated(unsafe) let curvatures = unsafe curvatures
            return unsafe matrix.sum(width: width) { block, sums in
                guard let sums = sums.baseAddress, let bends = unsafe curvatures.baseAddress else {
                    return
                }
                unsafe matrix.withRows { values in
                    unsafe vector.withUnsafeBufferPointer { vector in
                        guard let vector = vector.baseAddress else { return }
                        for row in matrix.rows(block) {
                            let place = unsafe values + row * stride
                            let margin = unsafe product(place, vector, stride) + intercept
                            unsafe body(
                                place, margin, matrix.weights?[row] ?? 1, targets[row], bends + row, sums,
                                stride)
                        }
                    }
                }
            }
        }
    }

    /// Divides by the weight of the rows and adds the penalty.
    private func finish(
        _ loss: Double, _ point: [Double], _ sums: [Double], _ result: inout [Double]
    ) -> Double {
        let scale = 1 / matrix.weightSum
        var squares = 0.0
        for index in 0..<matrix.featureCount {
            result[index] = sums[index] * scale + penalty * point[index]
            squares += point[index] * point[index]
        }
        result[matrix.featureCount] = sums[matrix.stride] * scale
        return loss * scale + penalty / 2 * squares
    }
}
