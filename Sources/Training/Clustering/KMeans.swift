// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Puts rows into `count` groups around centres so that the squared distances to them are small: greedy
/// k-means++ to begin (Arthur and Vassilvitskii 2007), then Lloyd's steps, with bounds that spare most of
/// the distances (Hamerly 2010).
struct KMeans {
    var count: Int
    var iterationsMax = 300
    /// Ends when the centres move, squared and summed, by at most this part of the columns' mean variance.
    var tolerance = 1e-4

    struct Result {
        /// Row-major [count, features].
        var centres: [Double]
        var assignments: [Int32]
        /// The sum of the squared distances of the rows to their centres, each times the row's weight.
        var inertia: Double
        var iterations: Int
    }

    private struct Bounds {
        /// By row: at least the distance to its own centre, at most that to any other.
        var upper: [Double]
        var lower: [Double]
    }

    /// - Parameter weights: how much each row counts; nil: all the same.
    func fit(_ matrix: DesignMatrix, weights: [Double]? = nil, random: inout RandomSource) -> Result {
        var centres = start(matrix, weights, &random)
        let limit = tolerance * meanVariance(matrix)
        var assignments = [Int32](repeating: -1, count: matrix.rowCount)
        var bounds = Bounds(
            upper: [Double](repeating: .infinity, count: matrix.rowCount),
            lower: [Double](repeating: 0, count: matrix.rowCount))
        var iterations = 0
        for iteration in 1...iterationsMax {
            iterations = iteration
            let changed = assign(matrix, centres, &assignments, &bounds)
            let next = means(matrix, weights, assignments, centres)
            let moves = (0..<count).map { distance(centres, $0, next, $0, matrix.stride).squareRoot() }
            centres = next
            let largest = moves.max() ?? 0
            for row in assignments.indices {
                bounds.upper[row] += moves[Int(assignments[row])]
                bounds.lower[row] -= largest
            }
            if changed == 0 || moves.reduce(0, { $0 + $1 * $1 }) <= limit { break }
        }
        bounds.upper = [Double](repeating: .infinity, count: matrix.rowCount)
        bounds.lower = [Double](repeating: 0, count: matrix.rowCount)
        _ = assign(matrix, centres, &assignments, &bounds)
        let inertia = weighted(bounds.upper.map { $0 * $0 }, weights).reduce(0, +)
        var packed: [Double] = []
        for centre in 0..<count {
            packed += centres[centre * matrix.stride..<centre * matrix.stride + matrix.featureCount]
        }
        return Result(
            centres: packed, assignments: assignments, inertia: inertia, iterations: iterations)
    }

    /// The mean of the columns' variances.
    private func meanVariance(_ matrix: DesignMatrix) -> Double {
        let stride = matrix.stride
        // Safe because a row has `stride` numbers and the sums twice as many.
        let sums = unsafe matrix.sum(width: 2 * stride) { block, sums in
            unsafe matrix.withRows { values in
                for row in matrix.rows(block) {
                    for index in 0..<stride {
                        // Safe because the row has `stride` numbers and the sums twice as many.
                        let value = unsafe values[row * stride + index]
                        unsafe sums[index] += value
                        unsafe sums[stride + index] += value * value
                    }
                }
            }
        }
        let rows = Double(matrix.rowCount)
        let total = (0..<matrix.featureCount).reduce(0.0) {
            $0 + max(0, sums[stride + $1] / rows - (sums[$1] / rows) * (sums[$1] / rows))
        }
        return total / Double(max(matrix.featureCount, 1))
    }

    // MARK: Start

    /// Centres drawn one by one with a chance that grows with the squared distance to the nearest; of 2 +
    /// log k draws the one that helps most.
    private func start(
        _ matrix: DesignMatrix, _ weights: [Double]?, _ random: inout RandomSource
    ) -> [Double] {
        let stride = matrix.stride
        var centres: [Double] = []
        var nearest = [Double](repeating: .infinity, count: matrix.rowCount)
        let trials = count == 1 ? 1 : 2 + Int(log(Double(count)))
        for centre in 0..<count {
            var best: (row: Int, nearest: [Double], sum: Double)?
            for _ in 0..<(centre == 0 ? 1 : trials) {
                let row =
                    centre == 0 ? first(matrix, weights, &random) : draw(weighted(nearest, weights), &random)
                let distances = closer(matrix, row, nearest)
                let sum = weighted(distances, weights).reduce(0, +)
                if sum < best?.sum ?? .infinity { best = (row, distances, sum) }
            }
            let row = best?.row ?? 0
            nearest = best?.nearest ?? nearest
            // Safe because each row has `stride` numbers.
            centres += unsafe matrix.withRows { values in
                (0..<stride).map { unsafe values[row * stride + $0] }
            }
        }
        return centres
    }

    private func first(_ matrix: DesignMatrix, _ weights: [Double]?, _ random: inout RandomSource) -> Int {
        weights.map { draw($0, &random) } ?? random.index(below: matrix.rowCount)
    }

    private func weighted(_ values: [Double], _ weights: [Double]?) -> [Double] {
        weights.map { zip(values, $0).map { $0 * $1 } } ?? values
    }

    private func draw(_ weights: [Double], _ random: inout RandomSource) -> Int {
        var rest = random.unit() * weights.reduce(0, +)
        for (row, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return row }
        }
        return random.index(below: weights.count)
    }

    /// The squared distances to the nearest centre once `row` is one.
    private func closer(_ matrix: DesignMatrix, _ row: Int, _ nearest: [Double]) -> [Double] {
        let stride = matrix.stride
        // Safe because both rows have `stride` numbers.
        return unsafe matrix.withRows { values in
            nearest.indices.map { other in
                // Safe because both rows have `stride` numbers.
                unsafe min(
                    nearest[other], squaredDistance(values + row * stride, values + other * stride, stride))
            }
        }
    }

    // MARK: Steps

    /// Gives each row the nearest centre, of equals the first; returns how many changed.
    private func assign(
        _ matrix: DesignMatrix, _ centres: [Double], _ assignments: inout [Int32], _ bounds: inout Bounds
    ) -> Int {
        let (stride, count) = (matrix.stride, count)
        // Half the distance to the nearest other centre: within it no other can be nearer.
        let halves = (0..<count).map { own in
            (0..<count).filter { $0 != own }.map { distance(centres, own, centres, $0, stride) }.min()
                .map { $0.squareRoot() / 2 } ?? .infinity
        }
        var changed: [Double] = []
        // Safe because blocks have rows of their own, and the memory outlives the pass.
        unsafe assignments.withUnsafeMutableBufferPointer { assignments in
            unsafe bounds.upper.withUnsafeMutableBufferPointer { upper in
                unsafe bounds.lower.withUnsafeMutableBufferPointer { lower in
                    // Safe because blocks have rows of their own, and the memory outlives the pass.
                    nonisolated(unsafe) let assignments = unsafe assignments
                    nonisolated(unsafe) let upper = unsafe upper
                    nonisolated(unsafe) let lower = unsafe lower
                    changed = unsafe matrix.sum(width: 1) { block, sums in
                        unsafe matrix.withRows { values in
                            unsafe centres.withUnsafeBufferPointer { centres in
                                guard let centres = centres.baseAddress else { return }
                                for row in matrix.rows(block) {
                                    let old = unsafe Int(assignments[row])
                                    let place = unsafe values + row * stride
                                    if old >= 0 {
                                        let bound = unsafe max(halves[old], lower[row])
                                        if unsafe upper[row] <= bound { continue }
                                        unsafe upper[row] =
                                            squaredDistance(place, centres + old * stride, stride)
                                            .squareRoot()
                                        if unsafe upper[row] <= bound { continue }
                                    }
                                    var (best, first, second) = (0, Double.infinity, Double.infinity)
                                    for centre in 0..<count {
                                        let found = unsafe squaredDistance(
                                            place, centres + centre * stride, stride)
                                        if found < first {
                                            (best, first, second) = (centre, found, first)
                                        } else if found < second {
                                            second = found
                                        }
                                    }
                                    unsafe upper[row] = first.squareRoot()
                                    unsafe lower[row] = second.squareRoot()
                                    if best != old { unsafe sums[0] += 1 }
                                    unsafe assignments[row] = Int32(best)
                                }
                            }
                        }
                    }
                }
            }
        }
        return Int(changed[0])
    }

    /// The mean of each centre's rows; a centre without any that counts stays where it is.
    private func means(
        _ matrix: DesignMatrix, _ weights: [Double]?, _ assignments: [Int32], _ old: [Double]
    ) -> [Double] {
        let (stride, count) = (matrix.stride, count)
        // Safe because the sums have a line of `stride` numbers a centre, then one for each.
        let sums = unsafe matrix.sum(width: count * (stride + 1)) { block, sums in
            // Safe because the sums have a line of `stride` numbers a centre, then a number for each.
            guard let sums = sums.baseAddress else { return }
            unsafe matrix.withRows { values in
                for row in matrix.rows(block) {
                    let centre = Int(assignments[row])
                    let weight = weights?[row] ?? 1
                    unsafe accumulate(weight, values + row * stride, sums + centre * stride, stride)
                    unsafe sums[count * stride + centre] += weight
                }
            }
        }
        var centres = old
        for centre in 0..<count where sums[count * stride + centre] > 0 {
            for index in 0..<stride {
                centres[centre * stride + index] =
                    sums[centre * stride + index] / sums[count * stride + centre]
            }
        }
        return centres
    }

    private func distance(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int, _ stride: Int) -> Double {
        var sum = 0.0
        for index in 0..<stride {
            let difference = a[i * stride + index] - b[j * stride + index]
            sum += difference * difference
        }
        return sum
    }
}

/// Of two rows of `stride` numbers, a multiple of four.
@inline(__always) private func squaredDistance(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ stride: Int
) -> Double {
    var sums = SIMD4<Double>.zero
    var index = 0
    while index < stride {
        // Safe because callers give both `stride` numbers.
        let difference = unsafe lanes(a + index) - lanes(b + index)
        sums += difference * difference
        index += 4
    }
    return sums.sum()
}
