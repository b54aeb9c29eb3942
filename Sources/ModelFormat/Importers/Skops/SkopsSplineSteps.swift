// SPDX-License-Identifier: Apache-2.0

/// The steps that make splines of columns, all of as many outputs.
struct SkopsSplineSteps {
    var program: RowProgram
    let splines: [SkopsSplines]
    let part: String
    /// By column, stretch, output and exponent.
    private let polynomials: [[[[Double]]]]

    init(_ program: RowProgram, _ splines: [SkopsSplines], part: String) {
        self.program = program
        self.splines = splines
        self.part = part
        polynomials = splines.map { column in column.starts.indices.map(column.polynomials) }
    }

    private var outputs: Int { splines[0].outputCount }
    private var width: Int { splines.count * outputs }

    /// The outputs of all columns, one behind the other. `isFilled`: a missing number has zeros only.
    mutating func apply(
        to x: Int, extrapolation: String, isFilled: Bool
    ) throws(FormatError) -> Int {
        let lows = try numbers(splines.map(\.first))
        let known = isFilled ? try combine(.orElse, x, lows) : x
        let inside = try inside(known, lows, extrapolation)
        var sum = try evaluate(inside)
        if extrapolation == "linear" {
            let beyond = try spread(try combine(.subtract, known, inside))
            sum = try add(.minimum, beyond, to: sum)
            sum = try add(.maximum, beyond, to: sum)
        }
        guard isFilled else { return sum }
        let isMissing = try program.add(.apply(.isMissing), [x], part: part)
        let isThere = try combine(.subtract, try numbers([1]), isMissing)
        return try combine(.multiply, sum, try spread(isThere))
    }

    /// Where between the first and the last knot a number counts as.
    private mutating func inside(_ x: Int, _ lows: Int, _ extrapolation: String) throws(FormatError) -> Int {
        switch extrapolation {
        case "continue": return x
        case "periodic":
            let period = try numbers(splines.map { $0.last - $0.first })
            let offset = try combine(.subtract, x, lows)
            let turns = try program.add(
                .apply(.floor), [try combine(.divide, offset, period)], part: part)
            let rest = try combine(.subtract, offset, try combine(.multiply, turns, period))
            return try combine(.add, lows, rest)
        default:
            let highs = try numbers(splines.map(\.last))
            return try combine(.minimum, try combine(.maximum, x, lows), highs)
        }
    }

    private mutating func evaluate(_ x: Int) throws(FormatError) -> Int {
        let edges = splines.map { Array($0.starts.dropFirst()) }
        let bins = try program.add(.bins(edges), [x], part: part)
        // One column a stretch, even where there is one stretch only.
        let stretch = try program.add(.spread(splines.map { $0.starts.count }), [bins], part: part)
        let columns = splines
        let start = try lookUp(stretch) { column, place, _ in columns[column].starts[place] }
        let distance = try combine(.subtract, try spread(x), start)
        let polynomials = polynomials
        let degree = splines[0].degree
        var sum = try lookUp(stretch) { polynomials[$0][$1][$2][degree] }
        for exponent in stride(from: degree - 1, through: 0, by: -1) {
            let factor = try lookUp(stretch) { polynomials[$0][$1][$2][exponent] }
            sum = try combine(.add, try combine(.multiply, sum, distance), factor)
        }
        return sum
    }

    /// Straight lines on one side: what is below the first knot, or above the last one.
    private mutating func add(
        _ side: RowCombination, _ beyond: Int, to sum: Int
    ) throws(FormatError) -> Int {
        let slopes = splines.indices.flatMap { column in
            splines[column].slopes(polynomials[column], atStart: side == .minimum)
        }
        let excess = try combine(side, beyond, try numbers([0]))
        return try combine(.add, sum, try combine(.multiply, excess, try numbers(slopes)))
    }

    // MARK: Steps

    private mutating func numbers(_ values: [Double]) throws(FormatError) -> Int {
        try program.add(.constants(values), [], part: part)
    }

    private mutating func combine(
        _ how: RowCombination, _ left: Int, _ right: Int
    ) throws(FormatError) -> Int {
        try program.add(.combine(how), [left, right], part: part)
    }

    /// A number of each column for each of its outputs.
    private mutating func spread(_ value: Int) throws(FormatError) -> Int {
        let outputs = outputs
        return try program.add(.select((0..<width).map { $0 / outputs }), [value], part: part)
    }

    /// A number of each output for the stretch of its column: what `number` says of column, stretch, output.
    private mutating func lookUp(
        _ stretch: Int, _ number: (Int, Int, Int) -> Double
    ) throws(FormatError) -> Int {
        var matrix: [Double] = []
        for output in 0..<width {
            for (column, spline) in splines.enumerated() {
                for place in spline.starts.indices {
                    let isOwn = column == output / outputs
                    matrix.append(isOwn ? number(column, place, output % outputs) : 0)
                }
            }
        }
        let zeros = [Double](repeating: 0, count: width)
        return try program.add(.product(matrix: matrix, addends: zeros), [stretch], part: part)
    }
}
