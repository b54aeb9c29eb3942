// SPDX-License-Identifier: Apache-2.0

/// Fills each missing number with the mean of those that the nearest known rows have in its column.
///
/// The distance of two rows is Euclid's over the columns that both have, as if it were as large in the
/// others. Where no known row can be compared, the number is the column's mean; 0 where the column has none.
public struct NearestImputation: Sendable, Equatable {
    /// Row-major, shape [rows, width]; NaN is missing.
    public var points: [Double]
    /// How many rows that have the column count.
    public var neighbourCount: Int
    /// Rows count by the inverse of their distance; where one is at distance 0, such ones alone.
    public var isWeighted: Bool

    public init(points: [Double], neighbourCount: Int, isWeighted: Bool) {
        self.points = points
        self.neighbourCount = neighbourCount
        self.isWeighted = isWeighted
    }

    func validate(width: Int, part: String) throws(FormatError) {
        guard width > 0, !points.isEmpty, points.count % width == 0, neighbourCount >= 1,
            points.allSatisfy({ !$0.isInfinite })
        else {
            throw .invalidValue(
                part: part,
                reason: "\(points.count) numbers are no rows of \(width) columns, or one is infinite")
        }
    }
}
