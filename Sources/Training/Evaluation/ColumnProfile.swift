// SPDX-License-Identifier: Apache-2.0
import Tabular

/// What a column looks like in the training rows, and in the rows that were measured on.
package struct ColumnProfile: Sendable, Equatable {
    package var name: String
    package var missingCount: Int
    package var rowCount: Int
    package var distinctCount: Int
    package var values: Values

    package enum Values: Sendable, Equatable {
        /// Moments of the present values; shares of the rows in the same bins, of both parts.
        case numbers(
            mean: Double, deviation: Double, minimum: Double, median: Double, maximum: Double,
            train: ValueHistogram, test: ValueHistogram)
        /// The commonest categories with their rows in both parts.
        case categories([Category])
    }

    package struct Category: Sendable, Equatable {
        package var name: String
        package var trainCount: Int
        package var testCount: Int
    }

    private static let categoryMax = 8

    init?(_ name: String, _ table: Table, train: [Int], test: [Int]) {
        guard let column = table[name] else { return nil }
        self.name = name
        rowCount = train.count
        missingCount = train.count { column.isMissing(row: $0) }
        switch column {
        case .numeric(let numbers), .date(let numbers):
            let sorted = train.map { numbers[$0] }.filter(\.isFinite).sorted()
            distinctCount = sorted.indices.count { $0 == 0 || sorted[$0] != sorted[$0 - 1] }
            let (mean, variance) = FittedStages.moments(sorted)
            let histogram = ValueHistogram(sorted, binCount: min(20, max(distinctCount, 1)))
            values = .numbers(
                mean: mean, deviation: variance.squareRoot(), minimum: sorted.first ?? .nan,
                median: FittedStages.median(sorted), maximum: sorted.last ?? .nan, train: histogram,
                test: ValueHistogram(test.map { numbers[$0] }.filter(\.isFinite), binsOf: histogram))
        case .text(let texts):
            distinctCount = Set(train.compactMap { texts[$0] }).count
            values = .categories([])
        case .categorical(let codes, let names):
            var counts = [(train: Int, test: Int)](repeating: (0, 0), count: names.count)
            for row in train where codes[row] != Column.missingCode { counts[Int(codes[row])].train += 1 }
            for row in test where codes[row] != Column.missingCode { counts[Int(codes[row])].test += 1 }
            distinctCount = counts.count { $0.train > 0 }
            let order = names.indices.sorted {
                counts[$0].train != counts[$1].train ? counts[$0].train > counts[$1].train : $0 < $1
            }
            values = .categories(
                order.prefix(Self.categoryMax).map {
                    Category(name: names[$0], trainCount: counts[$0].train, testCount: counts[$0].test)
                })
        }
    }
}
