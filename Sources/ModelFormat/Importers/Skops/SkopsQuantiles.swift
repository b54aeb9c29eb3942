// SPDX-License-Identifier: Apache-2.0

/// `QuantileTransformer(output_distribution="normal")` and the way back, as steps of a program.
enum SkopsQuantiles {
    /// Numbers this near to the ends count as the ends.
    private static let margin = 1e-7
    /// What the ends become: a normal distribution has no number there.
    private static let smallest = -5.199337582605575
    private static let largest = 5.19933758270342

    /// Shares of the training rows become numbers of a normal distribution. `x` is what the shares were found
    /// for, `lowest` and `highest` the ends of the training rows' numbers.
    static func normal(
        _ program: inout RowProgram, of x: Int, share: Int, lowest: [Double], highest: [Double], part: String
    ) throws(FormatError) -> Int {
        let near = try program.add(.constants([margin]), [], part: part)
        let one = try program.add(.constants([1]), [], part: part)
        let low = try program.add(.constants(lowest), [], part: part)
        let high = try program.add(.constants(highest), [], part: part)
        let above = try program.add(.combine(.add), [x, near], part: part)
        let isHighest = try program.add(.combine(.above), [above, high], part: part)
        let below = try program.add(.combine(.subtract), [x, near], part: part)
        let isLowest = try program.add(.combine(.above), [low, below], part: part)
        let raised = try program.add(.combine(.maximum), [share, isHighest], part: part)
        let isOther = try program.add(.combine(.subtract), [one, isLowest], part: part)
        let bounded = try program.add(.combine(.multiply), [raised, isOther], part: part)
        let number = try program.add(.apply(.normalQuantile), [bounded], part: part)
        let bottom = try program.add(.constants([smallest]), [], part: part)
        let top = try program.add(.constants([largest]), [], part: part)
        let clipped = try program.add(.combine(.maximum), [number, bottom], part: part)
        return try program.add(.combine(.minimum), [clipped, top], part: part)
    }

    /// Shares, or numbers of a normal distribution, become numbers like those of the training rows: one
    /// column.
    static func inverse(
        _ program: inout RowProgram, of value: Int, references: [Double], quantiles: [Double], isNormal: Bool,
        part: String
    ) throws(FormatError) -> Int {
        let curve = RowCurve(x: references, y: quantiles)
        guard isNormal else { return try program.add(.interpolate([curve]), [value], part: part) }
        let share = try program.add(.apply(.normalShare), [value], part: part)
        let found = try program.add(.interpolate([curve]), [share], part: part)
        let near = try program.add(.constants([margin]), [], part: part)
        let one = try program.add(.constants([1]), [], part: part)
        let isLowest = try program.add(.combine(.above), [near, share], part: part)
        let above = try program.add(.combine(.add), [share, near], part: part)
        let isHighest = try program.add(.combine(.above), [above, one], part: part)
        let ends = try program.add(.combine(.add), [isLowest, isHighest], part: part)
        let isOther = try program.add(.combine(.subtract), [one, ends], part: part)
        let terms = [
            try program.add(.combine(.multiply), [found, isOther], part: part),
            try program.add(.product(matrix: [quantiles[0]], addends: [0]), [isLowest], part: part),
            try program.add(
                .product(matrix: [quantiles[quantiles.count - 1]], addends: [0]), [isHighest], part: part),
        ]
        let joined = try program.add(.join, terms, part: part)
        return try program.add(.reduce(.sum), [joined], part: part)
    }
}
