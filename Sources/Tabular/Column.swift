// SPDX-License-Identifier: Apache-2.0

/// The values of one column, one a row.
package enum Column: Sendable, Equatable {
    /// Missing is NaN.
    case numeric([Double])
    /// Each row's index in `categories`, which are distinct and sorted; missing is `Column.missingCode`.
    case categorical(codes: [Int32], categories: [String])

    package static let missingCode: Int32 = -1

    package var count: Int {
        switch self {
        case .numeric(let values): values.count
        case .categorical(let codes, _): codes.count
        }
    }

    package func isMissing(row: Int) -> Bool {
        switch self {
        case .numeric(let values): values[row].isNaN
        case .categorical(let codes, _): codes[row] == Column.missingCode
        }
    }

    package var missingCount: Int {
        switch self {
        case .numeric(let values): values.count { $0.isNaN }
        case .categorical(let codes, _): codes.count { $0 == Column.missingCode }
        }
    }

    /// Collects texts into a categorical column, numbering the distinct ones as they come.
    package struct CategoryBuilder: Sendable {
        package private(set) var codes: [Int32] = []
        private var indices: [String: Int32] = [:]
        private var names: [String] = []

        package init() {}

        package var categoryCount: Int { names.count }
        /// The most recent new category, for messages.
        package var lastCategory: String? { names.last }

        package mutating func append(_ name: String) {
            if let index = indices[name] {
                codes.append(index)
            } else {
                let index = Int32(names.count)
                indices[name] = index
                names.append(name)
                codes.append(index)
            }
        }

        package mutating func appendMissing() { codes.append(Column.missingCode) }

        /// The column, its categories sorted by their bytes, so that the order of the rows does not matter.
        package consuming func build() -> Column {
            let order = names.indices.sorted { names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8) }
            var rank = [Int32](repeating: 0, count: names.count)
            for (position, index) in order.enumerated() { rank[index] = Int32(position) }
            let codes = codes.map { $0 == Column.missingCode ? $0 : rank[Int($0)] }
            return .categorical(codes: codes, categories: order.map { names[$0] })
        }
    }
}
