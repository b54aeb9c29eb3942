// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// Fits steps one after the other, each to what the ones before it made of the training rows.
struct PreparationFitter {
    /// The columns as they are now, those no longer wanted left out.
    var columns: [WorkingColumn]
    /// The training rows.
    let rows: [Int]
    let target: Target?
    let seed: UInt64
    private let rowCount: Int
    private var frame: ColumnFrame
    private var stages: [PreprocessingStage] = []

    init(_ table: Table, schema: FeatureSchema, target: Target?, rows: [Int], seed: UInt64) {
        columns = schema.features.map { WorkingColumn($0, table) }
        frame = ColumnFrame(schema)
        rowCount = table.rowCount
        self.rows = rows
        self.target = target
        self.seed = seed
    }

    /// Fits a step, adds its stages, and changes the columns.
    mutating func fit(_ step: PreparationStep) throws(TrainingError) {
        let chosen = try select(step)
        switch step.action {
        case .drop: columns.removeAll { column in chosen.contains { $0.name == column.name } }
        case .select: columns = chosen
        case .impute(let strategy, let indicator): try impute(chosen, strategy, indicator)
        case .scale(let method): try scale(chosen, method)
        case .transform(let method): try transform(chosen, method)
        case .clip(let minimum, let maximum, let lowQuantile, let highQuantile):
            try clip(chosen, minimum, maximum, lowQuantile, highQuantile)
        case .bin(let count, let strategy): try bin(chosen, count, strategy)
        case .normalize(let norm): try run(chosen, chosen.map(\.name), .normalize(norm), step.action)
        case .oneHot(let rule): try oneHot(chosen, rule)
        case .ordinal: try ordinal(chosen)
        case .target(let smooth, let folds): try encodeByTarget(chosen, smooth, folds)
        case .hash(let buckets, let isSigned): try hash(chosen, buckets, isSigned)
        case .date(let parts): try dateParts(chosen, parts)
        case .polynomial(let degree, let interactionOnly): try polynomial(chosen, degree, interactionOnly)
        case .terms(let rule, let terms): try termWeights(chosen, rule, terms)
        case .termHash(let rule, let buckets, let norm): try termHash(chosen, rule, buckets, norm)
        case .principalComponents(let count, let whiten): try principalComponents(chosen, count, whiten)
        }
    }

    private func select(_ step: PreparationStep) throws(TrainingError) -> [WorkingColumn] {
        if case .named(let names) = step.columns {
            var found: [WorkingColumn] = []
            for name in names {
                guard let column = columns.first(where: { $0.name == name }) else {
                    throw .preprocessing(
                        step: step.action.name, column: name,
                        reason: "there is no such column here; there are "
                            + columns.prefix(20).map(\.name).joined(separator: ", ")
                            + (columns.count > 20 ? ", …" : ""))
                }
                found.append(column)
            }
            return found
        }
        return columns.filter { $0.matches(step.columns) }
    }

    /// The values of the training rows that are there.
    ///
    /// - Throws: `preprocessing` when there is none, or one is infinite.
    func present(_ column: WorkingColumn, _ step: String) throws(TrainingError) -> [Double] {
        var present: [Double] = []
        for row in rows where !column.values[row].isNaN {
            guard column.values[row].isFinite else {
                throw .preprocessing(
                    step: step, column: column.name,
                    reason: "the value of row \(row + 1) is infinite; clip the column before, or leave it out"
                )
            }
            present.append(column.values[row])
        }
        if present.isEmpty {
            throw .preprocessing(
                step: step, column: column.name, reason: "no training row has a value; leave the column out")
        }
        return present
    }

    func requireNumbers(_ chosen: [WorkingColumn], _ step: String) throws(TrainingError) {
        for column in chosen where column.kind != .number && column.kind != .date {
            throw .preprocessing(
                step: step, column: column.name, reason: "it is \(described(column)), not a number")
        }
    }

    func described(_ column: WorkingColumn) -> String {
        switch column.kind {
        case .number: "a number"
        case .coded: "a category"
        case .date: "a date"
        case .text: "a text"
        }
    }

    /// Runs a fitted stage over all rows and puts its outputs where the frame has them.
    ///
    /// - Parameters:
    ///   - categories: of outputs that are codes.
    ///   - replaces: the inputs are no longer wanted.
    mutating func run(
        _ inputs: [WorkingColumn], _ outputs: [String], _ operation: ColumnOperation,
        _ action: PreparationAction, categories: [[String]] = [], replaces: Bool = false,
        overriding: (inout [[Double]]) -> Void = { _ in }
    ) throws(TrainingError) {
        if inputs.isEmpty { return }
        let stage = ColumnStage(inputs: inputs.map(\.name), outputs: outputs, operation: operation)
        let own = Set(stage.inputs)
        for name in outputs where !own.contains(name) && frame.place(of: name) != nil {
            throw .preprocessing(
                step: action.name, column: name, reason: "it would be made, but there is one already")
        }
        var results: [[Double]]
        do {
            try frame.apply(stage, part: "stages[\(stages.count)]")
            results = try stage.run(inputs, rowCount: rowCount)
        } catch {
            throw .preprocessing(step: action.name, column: nil, reason: "\(error)")
        }
        overriding(&results)
        stages.append(.columns(stage))
        for (index, name) in outputs.enumerated() {
            guard let kind = frame[name]?.kind else { continue }
            let column = WorkingColumn(
                name: name, kind: kind, values: results[index],
                categories: categories.isEmpty ? [] : categories[index])
            if let place = columns.firstIndex(where: { $0.name == name }) {
                columns[place] = column
            } else {
                columns.append(column)
            }
        }
        if replaces { columns.removeAll { own.contains($0.name) && !outputs.contains($0.name) } }
    }

    /// The prepared columns, and the stages with a last one that leaves the columns out that nobody wants.
    consuming func finish() throws(TrainingError) -> PreparedTable {
        if let text = columns.first(where: { $0.kind == .text }) {
            throw .preprocessing(
                step: "text", column: text.name,
                reason: "it is still a text at the end; encode it, or drop it")
        }
        guard !columns.isEmpty else { throw .noFeatures }
        let names = columns.map(\.name)
        if names != frame.columns.map(\.name) {
            stages.append(
                .columns(ColumnStage(inputs: names, outputs: names, operation: .keep)))
        }
        let schema = FeatureSchema(
            features: columns.map { column in
                column.kind == .date ? Feature(name: column.name, kind: .numeric) : column.feature
            })
        return PreparedTable(
            table: Table(names: names, columns: columns.map(\.column)), schema: schema, stages: stages)
    }
}
