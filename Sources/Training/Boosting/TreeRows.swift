// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// Rows of a table as trees read them.
enum TreeRows {
    /// Prepared rows with their targets; numbers beyond Float32 are refused by column and value.
    static func numbers(
        _ rows: [Int], _ data: TrainingData, _ preparation: TrainingData.Preparation
    ) throws(TrainingError) -> BoostingTrainer.Rows {
        let columns = try columns(rows, data, preparation)
        var prepared = BoostingTrainer.Rows(columns: columns, targets: try data.floatTargets(rows))
        prepared.targetName = data.target.name
        prepared.weights = data.weights(rows).map { $0.map { Float($0) } }
        return prepared
    }

    /// Prepared rows, column-major, in which numbers beyond Float32 are refused.
    static func columns(
        _ rows: [Int], _ data: TrainingData, _ preparation: TrainingData.Preparation
    ) throws(TrainingError) -> [Float] {
        let columns = data.columnMajor(rows, preparation)
        for (index, value) in columns.enumerated() where value.isInfinite {
            let (column, row) = (index / rows.count, rows[index % rows.count])
            guard preparation.width == data.schema.count else {
                throw .infiniteFeature(
                    column: "number \(column) after preprocessing", value: Double(value))
            }
            let name = data.schema.features[column].name
            guard case .numeric(let values) = data.table[name] else { continue }
            throw .infiniteFeature(column: name, value: values[row])
        }
        return columns
    }
}
