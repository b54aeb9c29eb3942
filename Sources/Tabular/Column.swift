// SPDX-License-Identifier: Apache-2.0

/// The values of one column, one a row.
package enum Column: Sendable, Equatable {
    /// Missing is NaN.
    case numeric([Double])
    /// Each row's index in `categories`, which are distinct and sorted; missing is `Column.missingCode`.
    case categorical(codes: [Int32], categories: [String])
    /// Points in time in seconds since the start of 1970 in UTC; missing is NaN.
    case date([Double])
    /// Free texts; nil is missing.
    case text([String?])

    package static let missingCode: Int32 = -1

    package var count: Int {
        switch self {
        case .numeric(let values), .date(let values): values.count
        case .categorical(let codes, _): codes.count
        case .text(let texts): texts.count
        }
    }

    /// Whether the row has no value here.
    package func isMissing(row: Int) -> Bool {
        switch self {
        case .numeric(let values), .date(let values): values[row].isNaN
        case .categorical(let codes, _): codes[row] == Column.missingCode
        case .text(let texts): texts[row] == nil
        }
    }

    package var missingCount: Int {
        switch self {
        case .numeric(let values), .date(let values): values.count { $0.isNaN }
        case .categorical(let codes, _): codes.count { $0 == Column.missingCode }
        case .text(let texts): texts.count { $0 == nil }
        }
    }
}
