// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

/// TensorFlow Serving's `:classify` and `:regress`: examples by feature name, classes with scores or a number
/// each.
struct ExamplesForm: PredictionForm {
    enum Task { case classify, regress }

    let task: Task
    private var words = ServingWords()

    init(task: Task) { self.task = task }

    func check(_ model: ServedModel) throws(PredictError) {
        guard model.tensorInputs == nil else {
            throw .unsupported("model '\(model.name)' takes tensors, not examples; use ':predict'")
        }
        _ = try output(of: model)
    }

    mutating func read(_ body: Span<UInt8>, _ model: ServedModel, into workspace: Workspace) throws {
        do {
            try ExamplesReader(model: model).read(body, into: workspace)
        } catch {
            words = ServingWords(error, in: body, at: ServingWords.Stop(), model)
            throw error
        }
    }

    /// The output that the task is answered by.
    private func output(of model: ServedModel) throws(PredictError) -> Int {
        let probabilities = model.outputs.firstIndex { $0.kind == .probabilities }
        switch task {
        case .classify:
            if let probabilities { return probabilities }
            throw .unsupported(
                "Expected classification signature method_name to be tensorflow/serving/classify: "
                    + "model '\(model.name)' has no classes")
        case .regress:
            let predictions = model.outputs[0]
            guard probabilities == nil, predictions.width == nil, predictions.datatype.isFloat else {
                throw .unsupported(
                    "Expected regression signature method_name to be tensorflow/serving/regress: "
                        + "model '\(model.name)' does not answer one number a row")
            }
            return 0
        }
    }

    func write(
        _ workspace: Workspace, _ model: ServedModel, into response: inout Response
    ) throws(PredictError) {
        let output = try output(of: model)
        try workspace.prepare(output: output, of: model)
        response.body.append("{\"results\":[")
        for row in 0..<workspace.rows.rowCount {
            if row > 0 { response.body.append(",") }
            switch task {
            case .classify: writeClasses(workspace, model, output, row, into: &response.body)
            case .regress:
                _ = workspace.value(output: output, of: model, row: row, column: 0)
                    .appendJSON(to: &response.body, nonFinite: .tokens)
            }
        }
        response.body.append("]}")
    }

    func fail(_ error: PredictError, _ response: inout Response) { response.fail(error, words) }

    private func writeClasses(
        _ workspace: Workspace, _ model: ServedModel, _ output: Int, _ row: Int, into body: inout ByteBuffer
    ) {
        let width = model.outputs[output].width ?? 1
        let labels = model.labelTexts.flatMap { $0.count == width ? $0 : nil }
        body.append("[")
        for column in 0..<width {
            if column > 0 { body.append(",") }
            body.append("[")
            body.append(quoted: labels?[column] ?? "\(column)")
            body.append(",")
            _ = workspace.value(output: output, of: model, row: row, column: column)
                .appendJSON(to: &body, nonFinite: .tokens)
            body.append("]")
        }
        body.append("]")
    }
}

/// Reads `{"context": {…}, "examples": [{…}, …]}`: features by name, each a value or a list of one; those of
/// the context count for all examples that do not have them.
struct ExamplesReader {
    private let model: ServedModel
    private let cells: JSONCells

    init(model: ServedModel) {
        self.model = model
        cells = JSONCells(index: model.index, datatype: nil, takesBase64: true)
    }

    /// - Throws: `JSONError`, `PredictError`.
    func read(_ json: Span<UInt8>, into workspace: Workspace) throws {
        var reader = JSONReader(json, options: .allowsNonFinite)
        workspace.begin(model, bodySize: json.count)
        var context: Range<Int>?
        var examples: Range<Int>?
        var hasSignature = false
        try reader.beginObject()
        while let key = try reader.nextKeyText() {
            if reader.matches(key, "examples") {
                guard examples == nil else { throw PredictError.repeatedField("examples") }
                examples = try reader.skipValue()
            } else if reader.matches(key, "context") {
                guard context == nil else { throw PredictError.repeatedField("context") }
                context = try reader.skipValue()
            } else if reader.matches(key, "signature_name") {
                guard !hasSignature else { throw PredictError.repeatedField("signature_name") }
                hasSignature = true
                try SignatureName.read(&reader)
            } else {
                try reader.skipValue()
            }
        }
        try reader.expectEnd()
        guard let examples else { throw PredictError.missingField("examples") }
        try readExamples(json, examples, context: context, into: workspace)
    }

    private func readExamples(
        _ json: Span<UInt8>, _ examples: Range<Int>, context: Range<Int>?, into workspace: Workspace
    ) throws {
        var reader = JSONReader(json, options: .allowsNonFinite, startingAt: examples.lowerBound)
        try reader.beginArray()
        var row = 0
        while try reader.nextElement() {
            try workspace.makeRoom(forRows: 1)
            var isSet = Array(repeating: false, count: model.schema.count)
            try readFeatures(&reader, workspace, row: row, isSet: &isSet)
            if let context {
                var common = JSONReader(json, options: .allowsNonFinite, startingAt: context.lowerBound)
                try readFeatures(&common, workspace, row: row, isSet: &isSet, fillsGaps: true)
            }
            let missing = isSet.indices.filter { !isSet[$0] }.map { model.schema.features[$0].name }
            guard missing.isEmpty else {
                throw PredictError.missingInputs(missing, model: model.name, row: row)
            }
            row += 1
        }
        guard row > 0 else {
            throw PredictError.invalidField("examples", reason: InstancesRequestReader.isEmpty)
        }
    }

    private func readFeatures(
        _ reader: inout JSONReader, _ workspace: Workspace, row: Int, isSet: inout [Bool],
        fillsGaps: Bool = false
    ) throws {
        var seen: Set<Int> = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard let column = model.index.column(named: key) else {
                throw PredictError.unexpectedInput(
                    key, model: model.name, expected: model.schema.features.map(\.name), row: row)
            }
            guard seen.insert(column).inserted else { throw PredictError.repeatedInput(key) }
            if fillsGaps && isSet[column] {
                try reader.skipValue()
                continue
            }
            isSet[column] = true
            try readValue(&reader, workspace, row: row, column: column)
        }
    }

    private func readValue(
        _ reader: inout JSONReader, _ workspace: Workspace, row: Int, column: Int
    ) throws {
        let isList = try reader.peek() == .array
        let name = model.schema.features[column].name
        if isList {
            try reader.beginArray()
            guard try reader.nextElement() else {
                throw PredictError.wrongValue(input: name, row: row, reason: "an empty array")
            }
        }
        try cells.read(
            from: &reader, into: &workspace.rows, row: row, column: column,
            isCategorical: model.isCategorical(column))
        if isList, try reader.nextElement() {
            throw PredictError.wrongValue(input: name, row: row, reason: "more than one value")
        }
    }
}
