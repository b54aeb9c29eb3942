// SPDX-License-Identifier: Apache-2.0
internal import Base
import ModelFormat
import Preprocess
import Tabular

/// What a learner is given: the table with its target, which rows are for what, and what chance starts from.
package struct TrainingData {
    package var table: Table
    package var target: Target
    package var split: Split
    /// The features as the training rows have them; categories of other rows are unseen.
    package var schema: FeatureSchema
    package var seed: UInt64
    /// How training rows are divided further.
    package var folding: Folding = .chance
    /// Threads at most; nil for one a processor.
    package var threadCount: Int?
    /// By class, what the rows' weights are multiplied by.
    package var classWeights: [Double]?
    /// A model to go on from; its features are the schema's.
    package var start: ModelGraph?
    /// Where to save what has been learned; only for the model that is kept.
    package var checkpointer: Checkpointer?

    /// Threads to use.
    package var threads: Int { threadCount ?? Processors.count }

    /// How an estimator wants its rows.
    package enum Form: Sendable {
        /// Numbers without gaps, centred and scaled, a column a category: for sums of products.
        case scaled
        /// Numbers as they are, gaps included, categories as their index: for comparisons.
        case ordinal
    }

    /// Stages fitted to the training rows, ready to run.
    package struct Preparation {
        package var stages: [PreprocessingStage]
        package var plan: PreprocessingPlan

        /// Columns of a prepared row.
        package var width: Int { plan.outputWidth }
    }

    /// Fits the stages that an estimator of this form wants to the training rows.
    ///
    /// - Throws: `notReproduced` when the stages do not fit each other: a bug.
    package func preparation(_ form: Form) throws(TrainingError) -> Preparation {
        let stages =
            switch form {
            case .scaled: FittedStages.forLinear(table, split.train, schema)
            case .ordinal: FittedStages.forTrees(schema)
            }
        do {
            return Preparation(
                stages: stages, plan: try PreprocessingPlan(stages, inputWidth: schema.count))
        } catch {
            throw .notReproduced(error.description)
        }
    }

    /// Prepared rows, row-major [rows, width] in Float64.
    package func rowMajor(_ rows: [Int], _ preparation: Preparation) -> [Double] {
        FeatureMatrix.rowMajor(table, rows, schema, preparation.plan)
    }

    /// Prepared rows, row-major; a column whose numbers are too large to be scaled is named.
    package func scaledRows(
        _ rows: [Int], _ preparation: Preparation
    ) throws(TrainingError) -> [Double] {
        let matrix = rowMajor(rows, preparation)
        if matrix.allSatisfy(\.isFinite) { return matrix }
        for feature in schema.features {
            guard case .numeric(let values) = table[feature.name] else { continue }
            // Beyond this the squares that a deviation is made of are infinite.
            if let row = rows.first(where: { abs(values[$0]) > 1e150 }) {
                throw .infiniteFeature(column: feature.name, value: values[row])
            }
        }
        throw .diverged(algorithm: "scaling", advice: "leave columns of extreme numbers out with --ignore")
    }

    /// Prepared rows, column-major [width, rows] in Float32.
    package func columnMajor(_ rows: [Int], _ preparation: Preparation) -> [Float] {
        FeatureMatrix.columnMajor(table, rows, schema, preparation.plan)
    }

    /// How much each of `rows` counts; nil: all the same.
    package func weights(_ rows: [Int]) -> [Double]? {
        guard let classWeights else { return target.weights.map { weights in rows.map { weights[$0] } } }
        return rows.map { (target.weights?[$0] ?? 1) * classWeights[Int(target.values[$0])] }
    }

    /// The target of each of `rows`: values, or indices of classes.
    package func targets(_ rows: [Int]) -> [Double] { rows.map { target.values[$0] } }

    /// Likewise, for estimators that answer in Float32.
    ///
    /// - Throws: `targetBeyondFloat` with the first that Float32 cannot hold.
    func floatTargets(_ rows: [Int]) throws(TrainingError) -> [Double] {
        let targets = targets(rows)
        if let value = targets.first(where: { !Float($0).isFinite }) {
            throw .targetBeyondFloat(column: target.name, value: value)
        }
        return targets
    }
}
