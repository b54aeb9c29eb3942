// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Tabular

/// Fills `bounds`, [rows, 2] of the rule's type, with the interval of each row: computed in Float64, then
/// rounded. Bounds that would cross change places.
func computeBounds(
    _ margins: borrowing RowBlock, _ values: borrowing RowBlock, _ interval: PredictionInterval,
    into bounds: inout RowBlock
) {
    for row in 0..<values.rowCount {
        let (low, high) =
            switch interval.kind {
            case .residual: (values.value(row: row, column: 0), values.value(row: row, column: 0))
            case .quantiles: (margins.value(row: row, column: 1), margins.value(row: row, column: 2))
            }
        let (lower, upper) = (low - interval.radius, high + interval.radius)
        // NaN stays NaN in both.
        bounds.set(lower > upper ? upper : lower, row: row, column: 0)
        bounds.set(lower > upper ? lower : upper, row: row, column: 1)
    }
}
