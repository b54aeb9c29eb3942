// SPDX-License-Identifier: Apache-2.0
import Tabular

extension ModelGraph {
    /// Checks everything that a kernel relies on: counts, widths from stage to stage, indices, finiteness,
    /// labels.
    ///
    /// A graph that passed can be compiled and run on any row without a check in the loops.
    /// - Complexity: O(numbers in the graph).
    public func validate() throws(FormatError) {
        try schema.validate()
        var frame = ColumnFrame(schema)
        let namedCount = stages.prefix { $0.isNamed }.count
        for (index, stage) in stages.prefix(namedCount).enumerated() {
            guard case .columns(let columnStage) = stage else { continue }
            try frame.apply(columnStage, part: "stages[\(index)]")
        }
        var columns = try frame.estimatorColumns()
        for (index, stage) in stages.enumerated().dropFirst(namedCount) {
            columns = try stage.validate(part: "stages[\(index)]", columns: columns)
        }
        if columns.isEmpty {
            throw .invalidValue(part: "stages", reason: "no column is left for the estimator")
        }
        switch estimator {
        case .linear(let model): try model.validate(width: columns.count)
        case .treeEnsemble(let model): try model.validate(width: columns.count)
        case .multilayerPerceptron(let model): try model.validate(width: columns.count)
        case .rowProgram(let program): try program.validate(width: columns.count)
        case .operatorGraph(let graph): return try graph.validate(outer: [])
        }
        try output.validate(outputCount: outputCount)
        try statistics?.validate(
            schema: schema, width: predictionWidth, labelCount: output.labels?.count ?? 0)
        for (index, sample) in goldenSamples.enumerated() {
            try sample.validate(part: "samples[\(index)]", schema: schema, width: predictionWidth)
        }
    }

    /// Margins a row.
    public var outputCount: Int {
        switch estimator {
        case .linear(let model): model.outputCount
        case .treeEnsemble(let model): model.outputCount
        case .multilayerPerceptron(let model): model.outputCount
        case .rowProgram(let program): program.outputCount
        case .operatorGraph: 1
        }
    }

    /// Values a row in `predictions`.
    public var predictionWidth: Int {
        output.transform == .argmax || output.interval?.kind == .quantiles ? 1 : outputCount
    }
}

extension Feature {
    /// The number of categories, or nil for a numeric feature.
    var categoryCount: Int? {
        switch kind {
        case .numeric, .date, .text: nil
        case .categorical(let categories): categories.count
        }
    }
}

extension FeatureSchema {
    func validate() throws(FormatError) {
        if features.isEmpty { throw .invalidValue(part: "schema.features", reason: "there is no feature") }
        var names: Set<String> = []
        names.reserveCapacity(features.count)
        for (index, feature) in features.enumerated() {
            if feature.name.isEmpty {
                throw .invalidValue(part: "schema.features[\(index)]", reason: "its name is empty")
            }
            if !names.insert(feature.name).inserted {
                throw .invalidValue(part: "schema.features", reason: "two are named \"\(feature.name)\"")
            }
            guard case .categorical(let categories) = feature.kind else { continue }
            if Set(categories).count != categories.count {
                throw .invalidValue(
                    part: "schema.features[\(index)]", reason: "\"\(feature.name)\" has a category twice")
            }
        }
    }
}

extension OutputDescription {
    func validate(outputCount: Int) throws(FormatError) {
        if !divisor.isFinite || divisor <= 0 || !slope.isFinite || slope <= 0 {
            throw .invalidValue(
                part: "output", reason: "divisor and slope must be finite numbers above 0")
        }
        try calibration?.validate(transform: transform, outputCount: outputCount)
        try interval?.validate(self, outputCount: outputCount)
        if transform == .hinge && outputCount != 1 {
            throw .invalidValue(
                part: "output.transform", reason: "\(transform.rawValue) has one output, not \(outputCount)")
        }
        if transform == .meanAndVariance && outputCount != 2 {
            throw .invalidValue(
                part: "output.transform", reason: "\(transform.rawValue) has two outputs, not \(outputCount)")
        }
        if predictsLabels && labels == nil {
            throw .invalidValue(part: "output.predicts", reason: "the model has no labels")
        }
        guard let labels else { return }
        let allowed: [Int] =
            switch transform {
            case .hinge: [2]
            case .softmax, .argmax: [outputCount]
            case .exponential, .softplus, .signedSquare, .meanAndVariance: []
            case .identity, .logistic, .probability: [outputCount == 1 ? 2 : outputCount]
            }
        if !allowed.contains(labels.count) {
            let wanted = allowed.first.map(String.init) ?? "none"
            throw .invalidValue(
                part: "output.labels",
                reason: "\(labels.count) labels for \(outputCount) outputs with \(transform.rawValue); "
                    + "it has \(wanted)")
        }
        let distinct =
            switch labels {
            case .strings(let names): Set(names).count
            case .integers(let numbers): Set(numbers).count
            }
        if distinct != labels.count {
            throw .invalidValue(part: "output.labels", reason: "a label occurs twice")
        }
    }
}

extension TrainingStatistics {
    func validate(schema: FeatureSchema, width: Int, labelCount: Int) throws(FormatError) {
        if rowCount < 0 { throw .invalidValue(part: "statistics.row_count", reason: "it is negative") }
        if features.count != schema.count {
            throw .invalidValue(
                part: "statistics.features", reason: "\(features.count) for \(schema.count) features")
        }
        for (index, (facts, feature)) in zip(features, schema.features).enumerated() {
            try facts.validate(
                part: "statistics.features[\(index)]", rowCount: rowCount,
                categoryCount: feature.categoryCount ?? 0)
        }
        try predictions?.validate(width: width, labelCount: labelCount)
    }
}

extension FeatureStatistics {
    fileprivate func validate(part: String, rowCount: Int, categoryCount: Int) throws(FormatError) {
        if missingCount < 0 || missingCount > rowCount {
            throw .invalidValue(part: part, reason: "missing_count is not from 0 to row_count")
        }
        let numbers = [mean, standardDeviation, minimum, maximum]
        if numbers.contains(where: { $0?.isFinite == false }) {
            throw .invalidValue(part: part, reason: "a number is not finite")
        }
        if quantiles.count == 1 || !quantiles.allSatisfy(\.isFinite)
            || zip(quantiles, quantiles.dropFirst()).contains(where: { $0 > $1 })
        {
            throw .invalidValue(part: part, reason: "the quantiles are not two or more ascending numbers")
        }
        if categoryCounts.count != categoryCount {
            throw .invalidValue(part: part, reason: "category_counts does not match the categories")
        }
        if categoryCounts.contains(where: { $0 < 0 || $0 > rowCount }) {
            throw .invalidValue(part: part, reason: "a category count is not from 0 to row_count")
        }
    }
}

extension PredictionStatistics {
    fileprivate func validate(width: Int, labelCount: Int) throws(FormatError) {
        let part = "statistics.predictions"
        if rowCount < 0 { throw .invalidValue(part: part, reason: "row_count is negative") }
        if !columns.isEmpty && columns.count != width {
            throw .invalidValue(
                part: part, reason: "\(columns.count) columns where a row has \(width) predictions")
        }
        for (index, column) in columns.enumerated() {
            try column.validate(part: "\(part).columns[\(index)]", rowCount: rowCount, categoryCount: 0)
        }
        if !labelCounts.isEmpty && labelCounts.count != labelCount {
            throw .invalidValue(
                part: part, reason: "\(labelCounts.count) label counts for \(labelCount) labels")
        }
        if labelCounts.contains(where: { $0 < 0 || $0 > rowCount }) {
            throw .invalidValue(part: part, reason: "a label count is not from 0 to row_count")
        }
    }
}

extension GoldenSample {
    func validate(part: String, schema: FeatureSchema, width: Int) throws(FormatError) {
        if inputs.count != schema.count {
            throw .invalidValue(part: part, reason: "\(inputs.count) inputs for \(schema.count) features")
        }
        for (input, feature) in zip(inputs, schema.features) {
            switch (input, feature.kind) {
            case (.missing, _), (.category, .categorical), (.category, .text): break
            case (.category(let text), .date):
                if DateText.parse(text) == nil {
                    throw .invalidValue(part: part, reason: "\"\(feature.name)\" is not a date")
                }
            case (.number(let number), .numeric), (.number(let number), .date):
                if !number.isFinite {
                    throw .invalidValue(part: part, reason: "\"\(feature.name)\" is not finite")
                }
            case (.number, .categorical), (.category, .numeric), (.number, .text):
                throw .invalidValue(part: part, reason: "\"\(feature.name)\" has the wrong kind of value")
            }
        }
        if predictions.count != width {
            throw .invalidValue(part: part, reason: "\(predictions.count) predictions for \(width) columns")
        }
        if !predictions.allSatisfy(\.isFinite) {
            throw .invalidValue(part: part, reason: "a prediction is not finite")
        }
        if !tolerance.isFinite || tolerance < 0 {
            throw .invalidValue(part: part, reason: "the tolerance is not a finite number from 0")
        }
    }
}
