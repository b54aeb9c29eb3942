// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// The steps of the preprocessing in their order; fitted to the training rows of each division of the data
/// anew, so that no row is measured with what it helped to fit.
package struct PreparationRecipe: Sendable, Equatable {
    package var steps: [PreparationStep]

    package init(_ steps: [PreparationStep] = []) { self.steps = steps }

    /// Adds what no algorithm can do without: dates become their parts, texts the weights of their terms.
    func completed(for schema: FeatureSchema) -> PreparationRecipe {
        let kinds = schema.features.map(\.kind)
        var steps = steps
        if kinds.contains(.date), !handles(.date) {
            steps.append(PreparationStep(.date, .date([.year, .month, .weekday, .days])))
        }
        if kinds.contains(.text), !handles(.text) {
            var rule = TermRule()
            rule.termsMax = 200
            rule.textsMin = 2
            steps.append(PreparationStep(.text, .terms(TextRule(), rule)))
        }
        return PreparationRecipe(steps)
    }

    private func handles(_ kind: ColumnSelection) -> Bool {
        steps.contains { step in
            switch step.action {
            case .date: kind == .date
            case .terms, .termHash, .hash: kind == .text
            case .select: true
            default: false
            }
        }
    }

    /// Fits the steps to the rows `split.train` of the columns of `schema`.
    ///
    /// - Throws: `preprocessing` for a step that does not fit its columns.
    package func fit(
        _ table: Table, schema: FeatureSchema, target: Target?, split: Split, seed: UInt64
    ) throws(TrainingError) -> PreparedTable {
        let recipe = completed(for: schema)
        if recipe.steps.isEmpty { return PreparedTable(table: table, schema: schema, stages: []) }
        var fitter = PreparationFitter(table, schema: schema, target: target, rows: split.train, seed: seed)
        for step in recipe.steps { try fitter.fit(step) }
        return try fitter.finish()
    }
}

/// A table behind the fitted steps.
package struct PreparedTable: Sendable {
    /// One column for each of `schema`; numbers and categories only. The training rows of a column that was
    /// encoded by the target have values that their own target had no part in.
    package var table: Table
    /// What the estimator's own stages read.
    package var schema: FeatureSchema
    /// The fitted steps, for the model; they stand before the estimator's own stages.
    package var stages: [PreprocessingStage]
}
