// SPDX-License-Identifier: Apache-2.0

/// What a model says on average when one feature has a given value in all rows.
package struct PartialDependence: Sendable, Equatable {
    package var feature: String
    /// Where it was asked: numbers, ascending, or the categories.
    package var points: Points
    /// A line each: the class's probabilities at the points, or the values; classes beyond the eighth are
    /// left out. Of two classes only the second.
    package var lines: [Line]

    package enum Points: Sendable, Equatable {
        case numbers([Double])
        case categories([String])
    }

    package struct Line: Sendable, Equatable {
        /// The class, empty for regression.
        package var label: String
        package var means: [Double]
    }
}
