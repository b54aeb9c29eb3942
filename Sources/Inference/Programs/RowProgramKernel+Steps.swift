// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat
internal import Preprocess

extension RowProgramKernel {
    /// One step over the rows of a block: `inputs` row-major, the result of shape [rowCount, width].
    static func apply(
        _ operation: RowOperation, _ inputs: [[Double]], rowCount: Int, width: Int
    ) -> [Double] {
        if case .apply(let function) = operation { return inputs[0].map { value(function, $0) } }
        if case .combine(let combination) = operation {
            return combine(combination, inputs[0], inputs[1], rowCount: rowCount, width: width)
        }
        var result: [Double] = []
        result.reserveCapacity(rowCount * width)
        for row in 0..<rowCount {
            let rows = inputs.map { input in
                let count = input.count / rowCount
                return input[row * count..<(row + 1) * count]
            }
            append(operation, rows, to: &result)
        }
        return result
    }

    private static func append(
        _ operation: RowOperation, _ rows: [ArraySlice<Double>], to result: inout [Double]
    ) {
        // Indices of a slice are those of its array.
        let row = rows.first.map { Array($0) } ?? []
        switch operation {
        case .select(let indices): for index in indices { result.append(row[index]) }
        case .join: for part in rows { result.append(contentsOf: part) }
        case .constants(let numbers): result.append(contentsOf: numbers)
        case .product(let matrix, let addends):
            for (output, addend) in addends.enumerated() {
                var sum = 0.0
                for (index, number) in row.enumerated() { sum += number * matrix[output * row.count + index] }
                result.append(sum + addend)
            }
        case .reduce(let reduction): result.append(reduce(reduction, row))
        case .softmax: appendSoftmax(row, to: &result)
        case .oneHot(let count): appendOneHot(row[0], count, to: &result)
        case .spread(let counts):
            for (code, count) in zip(row, counts) {
                if count == 0 { result.append(code) } else { appendOneHot(code, count, to: &result) }
            }
        case .similarity(let kernel, let vectors):
            for start in stride(from: 0, to: vectors.count, by: row.count) {
                result.append(kernel.value(row, vectors, start))
            }
        case .pairVotes(let classCount): appendVotes(row, classCount, to: &result)
        case .nearest(let neighbours): neighbours.append(row, to: &result)
        case .imputeNearest(let imputation): imputation.append(row, to: &result)
        case .power(let exponents, let isYeoJohnson):
            for (number, exponent) in zip(row, exponents) {
                result.append(isYeoJohnson ? yeoJohnson(number, exponent) : boxCox(number, exponent))
            }
        case .bins(let edges):
            for (number, edges) in zip(row, edges) {
                result.append(number.isNaN ? .nan : Double(edges.count { $0 <= number }))
            }
        case .interpolate(let curves):
            for (number, curve) in zip(row, curves) { result.append(curve.height(at: number)) }
        case .monomials(let products):
            for product in products {
                result.append(product.dropFirst().reduce(product.first.map { row[$0] } ?? 1) { $0 * row[$1] })
            }
        case .weightedMedian(let weights): result.append(weightedMedian(row, weights))
        case .apply, .combine, .stages, .model: preconditionFailure("done elsewhere")
        }
    }

    private static func value(_ function: RowFunction, _ x: Double) -> Double {
        switch function {
        case .exponential: exp(x)
        case .logarithm: log(x)
        case .logarithmOfOnePlus: log1p(x)
        case .exponentialMinusOne: expm1(x)
        case .squareRoot: x.squareRoot()
        case .square: x * x
        case .absolute: abs(x)
        case .negative: -x
        case .logistic: 1 / (1 + exp(-x))
        case .hyperbolicTangent: tanh(x)
        case .rectified: x < 0 ? 0 : x
        case .narrowed: Double(Float(x))
        case .floor: x.rounded(.down)
        case .cosine: cos(x)
        case .normalShare: 0.5 * erfc(-x * 0.5.squareRoot())
        case .normalQuantile: x.isNaN ? x : Preprocess.normalQuantile(x)
        case .isMissing: x.isNaN ? 1 : 0
        }
    }

    private static func combine(
        _ combination: RowCombination, _ left: [Double], _ right: [Double], rowCount: Int, width: Int
    ) -> [Double] {
        let leftWidth = left.count / rowCount
        let rightWidth = right.count / rowCount
        var result: [Double] = []
        result.reserveCapacity(rowCount * width)
        for row in 0..<rowCount {
            for column in 0..<width {
                let a = left[row * leftWidth + (leftWidth == 1 ? 0 : column)]
                let b = right[row * rightWidth + (rightWidth == 1 ? 0 : column)]
                let value: Double =
                    switch combination {
                    case .add: a + b
                    case .subtract: a - b
                    case .multiply: a * b
                    case .divide: a / b
                    case .minimum: min(a, b)
                    case .maximum: max(a, b)
                    case .above: a > b ? 1 : 0
                    case .atLeast: a >= b ? 1 : 0
                    case .equal: a == b ? 1 : 0
                    case .orElse: a.isNaN ? b : a
                    }
                result.append(value)
            }
        }
        return result
    }

    private static func reduce(_ reduction: RowReduction, _ row: [Double]) -> Double {
        switch reduction {
        case .sum: row.reduce(0, +)
        case .sumOfAbsolutes: row.reduce(0) { $0 + abs($1) }
        case .sumOfSquares: row.reduce(0) { $0 + $1 * $1 }
        case .largest: row.reduce(-.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
        case .largestAbsolute: row.reduce(0) { max($0, abs($1)) }
        case .firstLargest: Double(first(row) { $0 > $1 })
        case .firstSmallest: Double(first(row) { $0 < $1 })
        }
    }

    private static func first(_ row: [Double], _ isBetter: (Double, Double) -> Bool) -> Int {
        var best = 0
        for index in row.indices where isBetter(row[index], row[best]) { best = index }
        return best
    }

    private static func appendSoftmax(_ row: [Double], to result: inout [Double]) {
        let largest = row.reduce(-Double.infinity) { max($0, $1) }
        let powers = row.map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        for power in powers { result.append(power / sum) }
    }

    private static func appendOneHot(_ code: Double, _ count: Int, to result: inout [Double]) {
        for index in 0..<count { result.append(code == Double(index) ? 1 : 0) }
    }

    private static func appendVotes(_ row: [Double], _ classCount: Int, to result: inout [Double]) {
        var votes = [Double](repeating: 0, count: classCount)
        var pair = 0
        for first in 0..<classCount {
            for second in first + 1..<classCount {
                votes[row[pair] > 0 ? first : second] += 1
                pair += 1
            }
        }
        result.append(contentsOf: votes)
    }

    private static func yeoJohnson(_ x: Double, _ exponent: Double) -> Double {
        if x.isNaN { return x }
        if x >= 0 {
            return abs(exponent) < Double.ulpOfOne ? log1p(x) : expm1(exponent * log1p(x)) / exponent
        }
        let rest = 2 - exponent
        return abs(rest) < Double.ulpOfOne ? -log1p(-x) : -expm1(rest * log1p(-x)) / rest
    }

    private static func boxCox(_ x: Double, _ exponent: Double) -> Double {
        exponent == 0 ? log(x) : expm1(exponent * log(x)) / exponent
    }

    private static func weightedMedian(_ row: [Double], _ weights: [Double]) -> Double {
        let order = row.indices.sorted { (row[$0], $0) < (row[$1], $1) }
        let half = weights.reduce(0, +) / 2
        var sum = 0.0
        for index in order {
            sum += weights[index]
            if sum >= half { return row[index] }
        }
        return row[order[order.count - 1]]
    }
}

extension RowCurve {
    /// NaN where `number` is.
    func height(at number: Double) -> Double {
        if number.isNaN { return number }
        if number <= x[0] && (x.count == 1 || number < x[0] || x[1] > x[0]) { return y[0] }
        if number >= x[x.count - 1] { return y[y.count - 1] }
        // The last point that is not above.
        var (low, high) = (0, x.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if x[middle] <= number { low = middle } else { high = middle }
        }
        let slope = (y[low + 1] - y[low]) / (x[low + 1] - x[low])
        return slope * (number - x[low]) + y[low]
    }
}

extension SimilarityKernel {
    /// Of a row and the vector that begins at `start`.
    func value(_ row: [Double], _ vectors: [Double], _ start: Int) -> Double {
        var sum = 0.0
        switch self {
        case .radial, .squaredDistance:
            for (index, number) in row.enumerated() {
                let difference = number - vectors[start + index]
                sum += difference * difference
            }
        case .linear, .polynomial, .sigmoid:
            for (index, number) in row.enumerated() { sum += number * vectors[start + index] }
        }
        return switch self {
        case .linear, .squaredDistance: sum
        case .polynomial(let gamma, let offset, let degree): pow(gamma * sum + offset, degree)
        case .radial(let gamma): exp(-gamma * sum)
        case .sigmoid(let gamma, let offset): tanh(gamma * sum + offset)
        }
    }
}

extension NearestNeighbours {
    /// The mean of the nearest points' values; of points at one distance, the first ones count.
    func append(_ row: [Double], to result: inout [Double]) {
        var distances: [Double] = []
        distances.reserveCapacity(points.count / row.count)
        for start in stride(from: 0, to: points.count, by: row.count) {
            distances.append(rank(row, start))
        }
        let order = nearest(distances)
        var weights = [Double](repeating: 1, count: order.count)
        if isWeighted {
            let lengths = order.map { length(distances[$0]) }
            let hasSame = lengths.contains(0)
            weights = lengths.map { hasSame ? ($0 == 0 ? 1 : 0) : 1 / $0 }
        }
        let sum = weights.reduce(0, +)
        for output in 0..<outputCount {
            var total = 0.0
            for (point, weight) in zip(order, weights) {
                total += values[point * outputCount + output] * weight
            }
            result.append(total / sum)
        }
    }

    /// Indices of the nearest, nearest first.
    private func nearest(_ distances: [Double]) -> [Int] {
        var best: [Int] = []
        best.reserveCapacity(neighbourCount + 1)
        for (index, distance) in distances.enumerated() {
            if best.count == neighbourCount, let last = best.last, distance >= distances[last] { continue }
            var place = best.count
            while place > 0 && distances[best[place - 1]] > distance { place -= 1 }
            best.insert(index, at: place)
            if best.count > neighbourCount { best.removeLast() }
        }
        return best
    }

    /// Grows with the distance.
    private func rank(_ row: [Double], _ start: Int) -> Double {
        var sum = 0.0
        for (index, number) in row.enumerated() {
            let difference = abs(number - points[start + index])
            switch exponent {
            case 1: sum += difference
            case 2: sum += difference * difference
            case .infinity: sum = max(sum, difference)
            default: sum += pow(difference, exponent)
            }
        }
        return sum
    }

    private func length(_ rank: Double) -> Double {
        switch exponent {
        case 1, .infinity: rank
        case 2: rank.squareRoot()
        default: pow(rank, 1 / exponent)
        }
    }
}
