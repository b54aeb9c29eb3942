// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Inference
internal import ModelFormat
internal import Tabular

/// The outputs that a run writes for each record, and their names.
struct BatchColumns: Sendable {
    /// Where an output's values are; without references, of which each copy would be counted.
    struct Shape: Sendable {
        var kind: OutputSpecification.Kind
        /// Values a record.
        var width: Int
        /// One value and no list of one.
        var isScalar: Bool
        /// Its place among the model's outputs.
        var place: Int
    }

    struct Output: Sendable {
        var shape: Shape
        var name: String
        /// The names of its columns in CSV.
        var columnNames: [String]

        var kind: OutputSpecification.Kind { shape.kind }
        var width: Int { shape.width }
        var isScalar: Bool { shape.isScalar }
        var place: Int { shape.place }
    }

    let outputs: [Output]
    /// Of the outputs, in their order.
    let shapes: [Shape]
    /// The texts of the classes, ready to be written as CSV and as JSON.
    let csvLabels: [String]
    let jsonLabels: [String]
    /// Those that are numbers, as numbers.
    let numericLabels: [Double]
    let predictsLabels: Bool

    init(_ model: BatchModel, names: [String]) throws(BatchError) {
        let known = model.model.outputs
        let isGraph = model.model.tensorInputs != nil
        var wanted: [Int] = []
        for name in names {
            if let place = known.firstIndex(where: { $0.name == name }) {
                wanted.append(place)
                continue
            }
            // Both bounds under one name.
            let bounds = known.indices.filter { known[$0].kind == .lower || known[$0].kind == .upper }
            guard name == "intervals", !bounds.isEmpty else {
                throw .unknownOutput(name, known: known.map(\.name))
            }
            wanted += bounds
        }
        if wanted.isEmpty { wanted = isGraph ? Array(known.indices) : [0] }
        var outputs: [Output] = []
        for place in wanted { outputs.append(try Self.output(known[place], place, model)) }
        self.outputs = outputs
        shapes = outputs.map(\.shape)
        predictsLabels = model.model.output.predictsLabels
        let labels = model.labels
        let areText = model.labelsAreText
        numericLabels = labels.map { Double($0) ?? .nan }
        csvLabels = labels.map(Self.field)
        jsonLabels = labels.map { label in
            var buffer = ByteBuffer()
            if areText { buffer.append(quoted: label) } else { buffer.append(label) }
            return String(copying: buffer.bytes)
        }
    }

    private static func field(_ text: String) -> String {
        var writer = CSVWriter()
        writer.write(text)
        return String(copying: writer.buffer.bytes)
    }

    private static func output(
        _ specification: OutputSpecification, _ place: Int, _ model: BatchModel
    ) throws(BatchError) -> Output {
        var width = specification.width ?? 1
        var isScalar = specification.width == nil
        if specification.kind == .tensor {
            guard let dimensions = specification.dimensions else {
                throw .unwritableOutput(specification.name)
            }
            var product = 1
            for size in dimensions.dropFirst() {
                guard let size, size >= 0 else { throw .unwritableOutput(specification.name) }
                let (next, overflow) = product.multipliedReportingOverflow(by: size)
                guard !overflow, next <= 1 << 20 else { throw .unwritableOutput(specification.name) }
                product = next
            }
            width = product
            isScalar = dimensions.count <= 1
        }
        return Output(
            shape: Shape(kind: specification.kind, width: width, isScalar: isScalar, place: place),
            name: specification.name, columnNames: columnNames(specification, width, isScalar, model))
    }

    private static func columnNames(
        _ specification: OutputSpecification, _ width: Int, _ isScalar: Bool, _ model: BatchModel
    ) -> [String] {
        let name = specification.name
        if isScalar { return [name] }
        switch specification.kind {
        case .predictions, .probabilities, .margin:
            let labels = model.labels
            if labels.count == width { return labels.map { "\(name)_\($0)" } }
        case .contributions:
            let features = model.index.schema.features.map(\.name) + ["expected"]
            if features.count == width { return features.map { "\(name)_\($0)" } }
            let groups = width / features.count
            return (0..<groups).flatMap { group in features.map { "\(name)_\(group)_\($0)" } }
        case .labels, .lower, .upper, .leaf, .tensor: break
        }
        return (0..<width).map { "\(name)_\($0)" }
    }

    /// Computes what the outputs need beyond the predictions.
    func prepare(
        _ model: CompiledModel, _ rows: borrowing RowBlock, _ predictions: inout Predictions,
        _ scratch: inout InferenceScratch
    ) {
        for output in outputs {
            switch output.kind {
            case .predictions, .labels, .margin, .tensor: break
            case .probabilities: predictions.deriveProbabilities()
            case .lower, .upper: predictions.deriveBounds()
            case .contributions: model.explain(rows, into: &predictions, scratch: &scratch)
            case .leaf: model.findLeaves(rows, into: &predictions, scratch: &scratch)
            }
        }
    }

    /// Whether an operator graph answered as many records as it was given.
    func isAnswered(_ predictions: borrowing Predictions, records: Int) -> Bool {
        for output in outputs where output.kind == .tensor {
            guard predictions.tensors.indices.contains(output.place) else { return false }
            let shape = predictions.tensors[output.place].shape
            guard shape.product(0..<shape.rank) == records * output.width else { return false }
        }
        return true
    }

    /// - Throws: `notNumbers` for an output that is text.
    func requireNumbers(_ model: BatchModel) throws(BatchError) {
        for output in outputs {
            let isText =
                switch output.kind {
                case .predictions: predictsLabels && model.labelsAreText
                case .labels: model.labelsAreText
                case .tensor: model.model.outputs[output.place].datatype == .bytes
                default: false
                }
            if isText { throw .notNumbers("the output \"\(output.name)\", a text,") }
        }
    }

    /// Values that the outputs have for a record.
    var width: Int { outputs.reduce(0) { $0 + $1.width } }
}
