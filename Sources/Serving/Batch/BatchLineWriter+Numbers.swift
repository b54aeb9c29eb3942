// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Inference
internal import Tabular

/// Answers as bare little-endian numbers, all outputs of a record behind each other; NaN for a bad record.
extension BatchLineWriter {
    func appendNumbers(
        _ record: Int, _ error: RecordError?, _ predictions: borrowing Predictions,
        to output: inout ByteBuffer
    ) {
        for shape in plan.columns.shapes {
            for column in 0..<shape.width {
                let value = error == nil ? number(shape, record, column, predictions) : .nan
                if plan.options.output == .fp32 {
                    append(UInt64(Float(value).bitPattern), bytes: 4, to: &output)
                } else {
                    append(value.bitPattern, bytes: 8, to: &output)
                }
            }
        }
    }

    private func append(_ bits: UInt64, bytes: Int, to output: inout ByteBuffer) {
        for shift in 0..<bytes { output.append(UInt8(truncatingIfNeeded: bits >> (8 * shift))) }
    }

    private func number(
        _ shape: BatchColumns.Shape, _ record: Int, _ column: Int,
        _ predictions: borrowing Predictions
    ) -> Double {
        switch shape.kind {
        case .predictions where !plan.columns.predictsLabels:
            return predictions.values.value(row: record, column: column)
        case .predictions, .labels:
            return plan.columns.numericLabels[predictions.labelIndex(row: record)]
        case .probabilities: return predictions.probabilities.value(row: record, column: column)
        case .lower: return predictions.bounds.value(row: record, column: 0)
        case .upper: return predictions.bounds.value(row: record, column: 1)
        case .margin: return predictions.margins.value(row: record, column: column)
        case .contributions: return predictions.contributions.value(row: record, column: column)
        case .leaf: return predictions.leaves.value(row: record, column: column)
        case .tensor:
            let place = record * shape.width + column
            switch tensorElement(predictions.tensors[shape.place], place) {
            case .float32(let value): return Double(value)
            case .float64(let value): return value
            case .integer(let value): return Double(value)
            case .flag(let value): return value ? 1 : 0
            // Such outputs are refused before anything is read.
            case .text: return .nan
            }
        }
    }
}
