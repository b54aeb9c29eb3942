// SPDX-License-Identifier: Apache-2.0

/// Why a list of stages cannot be run.
package enum PreprocessingError: Error, Equatable, CustomStringConvertible {
    /// Stage `stage` (from 0) was fitted to another width than the `width` columns that reach it.
    case widthMismatch(stage: Int, width: Int)
    /// Stage `stage` (from 0) would produce more than `limit` columns, or a negative number of them.
    case tooWide(stage: Int, limit: Int)
    /// Stage `stage` (from 0), or what the last one leaves, does not fit the columns that reach it by name.
    case columns(stage: Int, reason: String)

    package var code: String {
        switch self {
        case .widthMismatch: "preprocessing.width_mismatch"
        case .tooWide: "preprocessing.too_wide"
        case .columns: "preprocessing.columns"
        }
    }

    package var description: String {
        switch self {
        case .widthMismatch(let stage, let width):
            "preprocessing stage \(stage) does not fit the \(width) columns that reach it; fit it again"
        case .tooWide(let stage, let limit):
            "preprocessing stage \(stage) makes more than \(limit) columns; encode fewer categories"
        case .columns(let stage, let reason):
            "preprocessing stage \(stage) does not fit its columns: \(reason)"
        }
    }
}
