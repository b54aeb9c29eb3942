// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// Describes the training rows, for whoever wants to know later whether the data has changed.
enum ColumnStatistics {
    static func describe(_ table: Table, _ rows: [Int], _ schema: FeatureSchema) -> TrainingStatistics {
        let features = schema.features.map { feature in
            switch (feature.kind, table[feature.name]) {
            case (.categorical(let categories), .categorical(let codes, let names)):
                categorical(codes, names, rows, categories)
            case (_, .numeric(let values)), (_, .date(let values)): numeric(rows.map { values[$0] })
            case (_, .text(let texts)): FeatureStatistics(missingCount: rows.count { texts[$0] == nil })
            default: FeatureStatistics(missingCount: rows.count)
            }
        }
        return TrainingStatistics(rowCount: rows.count, features: features)
    }

    /// More columns of predictions than these are as many classes, whose labels are counted.
    private static let predictionColumnsMax = 20

    /// Describes the answers to `rows`.
    static func describe(
        _ evaluator: Evaluator, _ rows: [Int], labelCount: Int
    ) -> PredictionStatistics {
        var columns: [[Double]] = []
        var labelCounts = [Int](repeating: 0, count: labelCount)
        evaluator.forEachRow(rows) { _, predictions, label in
            if columns.isEmpty { columns = predictions.map { _ in [] } }
            for (column, value) in predictions.enumerated() { columns[column].append(value) }
            if let label, label < labelCount { labelCounts[label] += 1 }
        }
        // What overflows is no prediction to compare with.
        let isFinite = columns.allSatisfy { $0.allSatisfy(\.isFinite) }
        return PredictionStatistics(
            rowCount: rows.count,
            columns: isFinite && columns.count <= predictionColumnsMax ? columns.map(numeric) : [],
            labelCounts: labelCounts)
    }

    private static func numeric(_ values: [Double]) -> FeatureStatistics {
        let present = values.filter { !$0.isNaN }
        guard !present.isEmpty else { return FeatureStatistics(missingCount: values.count) }
        let (mean, variance) = FittedStages.moments(present)
        let finite = present.filter(\.isFinite).sorted()
        return FeatureStatistics(
            missingCount: values.count - present.count, mean: mean, standardDeviation: variance.squareRoot(),
            minimum: present.min(), maximum: present.max(),
            quantiles: finite.isEmpty
                ? []
                : (0...quantileSteps).map { Bootstrap.quantile(finite, Double($0) / Double(quantileSteps)) })
    }

    /// Twenty parts of as many rows each: enough for the usual measures of drift, and little to store.
    private static let quantileSteps = 20

    private static func categorical(
        _ codes: [Int32], _ names: [String], _ rows: [Int], _ categories: [String]
    ) -> FeatureStatistics {
        var byCode = [Int](repeating: 0, count: names.count)
        var missing = 0
        for row in rows {
            if codes[row] == Column.missingCode { missing += 1 } else { byCode[Int(codes[row])] += 1 }
        }
        let counts = Dictionary(uniqueKeysWithValues: zip(names, byCode))
        return FeatureStatistics(
            missingCount: missing, categoryCounts: categories.map { counts[$0, default: 0] })
    }
}
