// SPDX-License-Identifier: Apache-2.0
import Base

/// `SplineTransformer`: on each stretch between two knots a spline is a polynomial, so a number becomes its
/// stretch and its distance from the stretch's beginning.
extension SkopsTransformers {
    /// The splines of one column.
    private struct Splines {
        var knots: [Double]
        /// Row-major, shape [basis functions, outputs].
        var weights: [Double]
        var degree: Int
        var outputCount: Int

        /// The basis functions of the column: the last stretch ends at the knot of this index.
        var basisCount: Int { knots.count - degree - 1 }
        var first: Double { knots[degree] }
        var last: Double { knots[basisCount] }
        /// Where stretches begin.
        var starts: [Double] { Array(knots[degree..<basisCount]) }

        /// The polynomial of each output on a stretch, of the distance from its beginning; the lowest power
        /// first.
        func polynomials(stretch: Int) -> [[Double]] {
            let place = degree + stretch
            // Functions that are not 0 on the stretch: the last of them begins with it; of degree 0 that is
            // all.
            let offset = place - degree
            var basis = [[Double]](repeating: [], count: degree + 2)
            basis[degree] = [1]
            for power in stride(from: 1, through: degree, by: 1) {
                for index in place - power...place {
                    var sum = [Double](repeating: 0, count: power + 1)
                    let rise = knots[index + power] - knots[index]
                    if rise > 0 {
                        let start = knots[place] - knots[index]
                        for (exponent, factor) in basis[index - offset].enumerated() {
                            sum[exponent] += factor * start / rise
                            sum[exponent + 1] += factor / rise
                        }
                    }
                    let fall = knots[index + power + 1] - knots[index + 1]
                    if fall > 0 {
                        let end = knots[index + power + 1] - knots[place]
                        for (exponent, factor) in basis[index + 1 - offset].enumerated() {
                            sum[exponent] += factor * end / fall
                            sum[exponent + 1] -= factor / fall
                        }
                    }
                    basis[index - offset] = sum
                }
            }
            return (0..<outputCount).map { output in
                (0...degree).map { exponent in
                    (offset...place).reduce(0) { sum, index in
                        sum + basis[index - offset][exponent] * weights[index * outputCount + output]
                    }
                }
            }
        }
    }

    mutating func applySplines(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let extrapolation = node.string("extrapolation") ?? "constant"
        guard ["constant", "linear", "continue", "periodic"].contains(extrapolation) else {
            throw refuse(node, "extrapolation=\"\(extrapolation)\"")
        }
        let splines = try splines(node, range)
        let outputs = splines[0].outputCount
        let degree = splines[0].degree
        let stretchCounts = splines.map { $0.starts.count }
        let stretchSum = stretchCounts.reduce(0, +)
        let (size, overflow) = (range.count * outputs).multipliedReportingOverflow(by: stretchSum)
        if overflow || size > 1 << 20 { throw refuse(node, "so many knots") }
        let polynomials = splines.map { column in column.starts.indices.map(column.polynomials) }
        let part = node.path
        let isFilled = node.string("handle_missing") == "zeros"
        var kept = Array(0..<range.count * outputs)
        if node.flag("include_bias") == false { kept.removeAll { $0 % outputs == outputs - 1 } }
        if kept.isEmpty { throw refuse(node, "one spline and include_bias=False") }
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            func numbers(_ values: [Double]) throws(FormatError) -> Int {
                try program.add(.constants(values), [], part: part)
            }
            func combine(_ how: RowCombination, _ left: Int, _ right: Int) throws(FormatError) -> Int {
                try program.add(.combine(how), [left, right], part: part)
            }
            /// A number of each column for each of its outputs.
            func spread(_ value: Int) throws(FormatError) -> Int {
                try program.add(
                    .select((0..<range.count * outputs).map { $0 / outputs }), [value], part: part)
            }
            /// A number of each output for the stretch of its column.
            func lookUp(_ stretch: Int, _ number: (Int, Int, Int) -> Double) throws(FormatError) -> Int {
                var matrix: [Double] = []
                matrix.reserveCapacity(size)
                for output in 0..<range.count * outputs {
                    for (column, count) in stretchCounts.enumerated() {
                        for place in 0..<count {
                            let isOwn = column == output / outputs
                            matrix.append(isOwn ? number(column, place, output % outputs) : 0)
                        }
                    }
                }
                let zeros = [Double](repeating: 0, count: range.count * outputs)
                return try program.add(.product(matrix: matrix, addends: zeros), [stretch], part: part)
            }
            let lows = try numbers(splines.map(\.first))
            let highs = try numbers(splines.map(\.last))
            let known = isFilled ? try combine(.orElse, x, lows) : x
            var inside = known
            switch extrapolation {
            case "continue": break
            case "periodic":
                let period = try numbers(splines.map { $0.last - $0.first })
                let offset = try combine(.subtract, known, lows)
                let turns = try program.add(
                    .apply(.floor), [try combine(.divide, offset, period)], part: part)
                let rest = try combine(.subtract, offset, try combine(.multiply, turns, period))
                inside = try combine(.add, lows, rest)
            default: inside = try combine(.minimum, try combine(.maximum, known, lows), highs)
            }
            let bins = try program.add(
                .bins(splines.map { Array($0.starts.dropFirst()) }), [inside], part: part)
            // One column a stretch, even where there is one stretch only.
            let stretch = try program.add(.spread(stretchCounts), [bins], part: part)
            let start = try lookUp(stretch) { column, place, _ in splines[column].starts[place] }
            let distance = try combine(.subtract, try spread(inside), start)
            var sum = try lookUp(stretch) { polynomials[$0][$1][$2][degree] }
            for exponent in stride(from: degree - 1, through: 0, by: -1) {
                let factor = try lookUp(stretch) { polynomials[$0][$1][$2][exponent] }
                sum = try combine(.add, try combine(.multiply, sum, distance), factor)
            }
            if extrapolation == "linear" {
                let beyond = try spread(try combine(.subtract, known, inside))
                let zero = try numbers([0])
                for (limit, isLow) in [(RowCombination.minimum, true), (.maximum, false)] {
                    let slopes = splines.indices.flatMap { column in
                        SkopsTransformers.slopes(splines[column], polynomials[column], atStart: isLow)
                    }
                    let excess = try combine(limit, beyond, zero)
                    sum = try combine(.add, sum, try combine(.multiply, excess, try numbers(slopes)))
                }
            }
            if isFilled {
                let isThere = try combine(
                    .subtract, try numbers([1]), try program.add(.apply(.isMissing), [x], part: part))
                sum = try combine(.multiply, sum, try spread(isThere))
            }
            return try program.add(.select(kept), [sum], part: part)
        }
    }

    /// How steep each output is at the first or last knot.
    private static func slopes(
        _ splines: Splines, _ polynomials: [[[Double]]], atStart: Bool
    ) -> [Double] {
        let stretch = atStart ? 0 : polynomials.count - 1
        let distance = atStart ? 0 : splines.last - splines.starts[stretch]
        return polynomials[stretch].map { polynomial in
            polynomial.indices.dropFirst().reversed().reduce(0) { sum, exponent in
                sum * distance + Double(exponent) * polynomial[exponent]
            }
        }
    }

    private func splines(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) -> [Splines] {
        let items = try node.require("bsplines_").items ?? []
        if items.count != range.count || items.isEmpty {
            throw .wrongShape(
                part: "\(node.path).bsplines_", expected: "[\(range.count)]", found: "[\(items.count)]")
        }
        var all: [Splines] = []
        for item in items {
            let knots = try archive.doubles(try item.require("_t", or: "t"))
            let weights = try archive.doubles(try item.require("_c", or: "c"))
            let degree = Int(min(max(item["k"]?.scalar?.integer ?? 3, 0), 17))
            let basisCount = knots.count - degree - 1
            guard (1...16).contains(degree), basisCount > degree, weights.count % basisCount == 0,
                !weights.isEmpty, zip(knots, knots.dropFirst()).allSatisfy({ $0 <= $1 }),
                knots.allSatisfy(\.isFinite), knots[degree] < knots[basisCount]
            else {
                throw .invalidValue(
                    part: item.path,
                    reason: "its knots and weights are not those of a spline of degree 1 to 16")
            }
            all.append(
                Splines(
                    knots: knots, weights: weights, degree: degree,
                    outputCount: weights.count / basisCount))
        }
        let isUniform = all.allSatisfy { $0.outputCount == all[0].outputCount && $0.degree == all[0].degree }
        if !isUniform { throw refuse(node, "columns of different numbers of splines") }
        return all
    }
}
