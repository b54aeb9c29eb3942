// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Puts a graph together from its document and the tensors of the container: rule 11 of
/// docs/reference/model-format.md. What the numbers are is checked by `ModelGraph.validate()` afterwards.
struct GraphReader: ~Escapable {
    private let bytes: Span<UInt8>
    /// Arrays by the tensors' names, where they were read before; else the file's bytes are copied.
    private var arrays: [String: any Sendable]?
    /// Tensors that nothing has asked for yet.
    private var unclaimed: [String: Container.Entry]
    /// In how many other models this one lies.
    var depth = 0
    static let depthMax = 8

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, entries: [Container.Entry]) {
        self.bytes = bytes
        unclaimed = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    }

    @_lifetime(immortal)
    init(_ arrays: [String: any Sendable], entries: [Container.Entry]) {
        bytes = Span()
        self.arrays = arrays
        unclaimed = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    }

    mutating func graph(_ document: GraphDocument, samples: [GoldenSample]) throws(FormatError) -> ModelGraph
    {
        guard let transform = OutputTransform(rawValue: document.transform) else {
            throw .unknownPart("transform \"\(document.transform)\"")
        }
        let stages = try stages(document.stages, prefix: "stages")
        let estimator = try estimator(document)
        var calibration: IsotonicCalibration?
        if document.isCalibrated {
            let margins: [Double] = try vector("output.calibration.margins", .float64)
            calibration = IsotonicCalibration(
                margins: margins,
                probabilities: try vector("output.calibration.probabilities", .float64, count: margins.count))
        }
        for name in unclaimed.keys.sorted() where !name.hasPrefix(Container.optionalPrefix) {
            throw .unknownPart("tensor \"\(name)\"")
        }
        return ModelGraph(
            schema: document.schema, stages: stages, estimator: estimator,
            output: OutputDescription(
                transform: transform, divisor: document.divisor, slope: document.slope,
                labels: document.labels, predictsLabels: document.predictsLabels,
                calibration: calibration, interval: document.interval), goldenSamples: samples,
            statistics: document.statistics, lineage: document.lineage)
    }

    /// Stages whose tensors are called `prefix`, a point and their index.
    mutating func stages(
        _ documents: [GraphDocument.Stage], prefix: String
    ) throws(FormatError) -> [PreprocessingStage] {
        var stages: [PreprocessingStage] = []
        for (index, stage) in documents.enumerated() {
            stages.append(try self.stage(stage, part: "\(prefix).\(index)"))
        }
        return stages
    }

    private mutating func stage(
        _ stage: GraphDocument.Stage, part: String
    ) throws(FormatError) -> PreprocessingStage {
        switch stage.kind {
        case "impute": return .impute(values: try vector("\(part).values", .float64))
        case "scale":
            let offsets: [Double] = try vector("\(part).offsets", .float64)
            return .scale(offsets: offsets, divisors: try vector("\(part).divisors", .float64))
        case "affine":
            let multipliers: [Double] = try vector("\(part).multipliers", .float64)
            return .affine(multipliers: multipliers, addends: try vector("\(part).addends", .float64))
        case "select":
            let columns: [Int32] = try vector("\(part).columns", .int32)
            return .select(columns.map { Int($0) })
        case "recode": return .recode(try lists(part))
        case "encode":
            guard let columns = stage.columns else { throw .missingPart("\(part).columns") }
            var encodings: [PreprocessingStage.ColumnEncoding] = []
            for column in columns { encodings.append(try encoding(column, part: part)) }
            return .encode(encodings)
        case "category_statistics":
            return .categoryStatistics(try CategoryStatistics(from: &self, prefix: part))
        default: return .columns(try columnStage(stage, part: part))
        }
    }

    mutating func lists(_ part: String) throws(FormatError) -> [[Double]] {
        let starts: [Int32] = try vector("\(part).starts", .int32)
        return try GraphReader.lists(of: try vector("\(part).values", .float64), starts, part: part)
    }

    static func lists<Number>(
        of values: [Number], _ starts: [Int32], part: String
    ) throws(FormatError) -> [[Number]] {
        var lists: [[Number]] = []
        for index in 0..<max(starts.count - 1, 0) {
            let (start, end) = (Int(starts[index]), Int(starts[index + 1]))
            guard start >= 0, start <= end, end <= values.count else {
                throw .invalidValue(
                    part: "\(part).starts[\(index)]", reason: "\(start)..<\(end) does not fit")
            }
            lists.append(Array(values[start..<end]))
        }
        if lists.reduce(0, { $0 + $1.count }) != values.count {
            throw .invalidValue(part: "\(part).starts", reason: "they do not cover the values")
        }
        return lists
    }

    private func encoding(
        _ column: GraphDocument.Column, part: String
    ) throws(FormatError) -> PreprocessingStage.ColumnEncoding {
        switch column.kind {
        case "pass": return .pass
        case "ordinal": return .ordinal
        case "one_hot":
            guard let count = column.categoryCount else {
                throw .missingPart("category_count of a column of \(part)")
            }
            return .oneHot(categoryCount: count)
        default: throw .unknownPart("column kind \"\(column.kind)\" of \(part)")
        }
    }

    private mutating func estimator(_ document: GraphDocument) throws(FormatError) -> Estimator {
        switch document.estimatorKind {
        case "linear":
            let type = try document.rules.linearType()
            let intercepts = try numbers("estimator.intercepts", type)
            let coefficients = try numbers("estimator.coefficients", type, rows: intercepts.count)
            return .linear(
                LinearModel(numberType: type, coefficients: coefficients, intercepts: intercepts))
        case "tree_ensemble": return .treeEnsemble(try trees(document.rules.treeRules()))
        case "multilayer_perceptron":
            guard let activations = document.activations else { throw .missingPart("estimator.layers") }
            return .multilayerPerceptron(try layers(activations))
        case "row_program": return .rowProgram(try rowProgram(document))
        case "operator_graph": return .operatorGraph(try operatorGraph(document))
        default: throw .unknownPart("estimator kind \"\(document.estimatorKind)\"")
        }
    }

    /// A whole native file in a tensor.
    mutating func model(_ name: String) throws(FormatError) -> ModelGraph {
        if depth >= GraphReader.depthMax {
            throw .invalidValue(part: "tensor \"\(name)\"", reason: "models lie in each other too deep")
        }
        let file: [UInt8] = try vector(name, .uint8)
        let graph = try NativeModel.read(file.span, depth: depth + 1)
        var isOfNumbers = graph.schema.features.allSatisfy { $0.kind == .numeric }
        if case .operatorGraph = graph.estimator { isOfNumbers = false }
        guard isOfNumbers else {
            throw .invalidValue(
                part: "tensor \"\(name)\"", reason: "its model has a feature that is no number, or is a graph"
            )
        }
        return graph
    }

    /// An ONNX model in a tensor; what surrounds it says what its importer says of such a model.
    private mutating func operatorGraph(_ document: GraphDocument) throws(FormatError) -> OperatorGraph {
        let file: [UInt8] = try vector("estimator.graph", .uint8)
        let graph = try ONNXReader.read(file.span).graph.takingVersions()
        guard document.schema == graph.rowSchema else {
            throw .invalidValue(part: "schema.features", reason: "they are not the inputs of the graph")
        }
        guard document.stages.isEmpty, document.transform == OutputTransform.identity.rawValue,
            document.labels == nil, !document.predictsLabels, document.divisor == 1, document.slope == 1
        else {
            throw .invalidValue(
                part: "estimator", reason: "an operator graph has no stages, transform or labels beside it")
        }
        return graph
    }

    private mutating func layers(_ activations: [String]) throws(FormatError) -> MultilayerPerceptron {
        var layers: [MultilayerPerceptron.Layer] = []
        for (index, word) in activations.enumerated() {
            guard let activation = MultilayerPerceptron.Activation(rawValue: word) else {
                throw .unknownPart("activation \"\(word)\"")
            }
            let part = "estimator.layers.\(index)"
            let biases: [Float] = try vector("\(part).biases", .float32)
            let weights: [Float] =
                if let narrow = try narrow("\(part).weights", count: nil, rows: biases.count) {
                    narrow.map { Float($0) }
                } else {
                    try matrix("\(part).weights", .float32, rows: biases.count)
                }
            layers.append(
                MultilayerPerceptron.Layer(weights: weights, biases: biases, activation: activation))
        }
        return MultilayerPerceptron(layers: layers)
    }

    /// The numbers of the tensor `name` of the type F32 or F64; one dimension, or two with `rows` rows.
    mutating func numbers(
        _ name: String, _ type: NumberType, count: Int? = nil, rows: Int? = nil
    ) throws(FormatError) -> [Double] {
        if let narrow = try narrow(name, count: count, rows: rows) { return narrow }
        if type == .float64 {
            if let rows { return try matrix(name, .float64, rows: rows) }
            return try vector(name, .float64, count: count)
        }
        let narrow: [Float] =
            if let rows { try matrix(name, .float32, rows: rows) } else {
                try vector(name, .float32, count: count)
            }
        return narrow.map(Double.init)
    }

    /// Of the tensor `name`, when it is there and has not been asked for.
    func type(of name: String) -> TensorType? { unclaimed[name]?.type }

    /// Whether the tensor `name` is there and has not been asked for.
    func holds(_ name: String) -> Bool { unclaimed[name] != nil }

    /// The numbers of the one-dimensional tensor `name`, of which there are `count` when that is given.
    mutating func vector<Number: BitwiseCopyable>(
        _ name: String, _ type: TensorType, count: Int? = nil
    ) throws(FormatError) -> [Number] {
        let entry = try claim(name, type)
        if entry.shape.count != 1 || (count != nil && entry.shape[0] != count) {
            let expected = count.map { "[\($0)]" } ?? "one dimension"
            throw .wrongShape(part: "tensor \"\(name)\"", expected: expected, found: "\(entry.shape)")
        }
        return try numbers(of: entry)
    }

    /// The numbers of the two-dimensional tensor `name` of `rows` rows.
    mutating func matrix<Number: BitwiseCopyable>(
        _ name: String, _ type: TensorType, rows: Int
    ) throws(FormatError) -> [Number] {
        let entry = try claim(name, type)
        if entry.shape.count != 2 || entry.shape[0] != rows {
            throw .wrongShape(
                part: "tensor \"\(name)\"", expected: "[\(rows), width]", found: "\(entry.shape)")
        }
        return try numbers(of: entry)
    }

    private mutating func numbers<Number: BitwiseCopyable>(
        of entry: Container.Entry
    ) throws(FormatError) -> [Number] {
        guard arrays != nil else { return Tensor.numbers(Number.self, in: bytes.extracting(entry.range)) }
        // Taken out, so that the model is the only one that holds it.
        guard let numbers = arrays?.removeValue(forKey: entry.name) as? [Number] else {
            throw .missingPart("tensor \"\(entry.name)\"")
        }
        return numbers
    }

    private mutating func claim(_ name: String, _ type: TensorType) throws(FormatError) -> Container.Entry {
        guard let entry = unclaimed.removeValue(forKey: name) else {
            throw .missingPart("tensor \"\(name)\"")
        }
        if entry.type != type {
            throw .wrongType(part: "tensor \"\(name)\"", expected: type.rawValue, found: entry.type.rawValue)
        }
        return entry
    }
}
