// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Rows and what the library that saved a model answered: `case.json` beside it (Tests/Fixtures/models).
struct OriginalAnswers {
    let rows: [[JSONValue]]
    private let expected: JSONValue

    /// Cases laid out alike elsewhere are tried with MODELD_MODEL_CASES=/path/.
    static let root: String = {
        // Safe because the text is copied before anything could change the environment; no test does.
        if let path = unsafe getenv("MODELD_MODEL_CASES") { return unsafe String(cString: path) }
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/Fixtures/models/"
    }()

    static func file(_ path: String) throws -> [UInt8] { try File.read(root + path, limit: 1 << 24) }

    init(_ path: String) throws {
        let text = try OriginalAnswers.file(path + "/case.json")
        let record = try JSONValue.parse(text.span)
        rows = try #require(record["input"]?["rows"]?.array).map { $0.array ?? [] }
        expected = try #require(record["expected"])
    }

    /// The numbers of `key` in arrays of any shape, one after the other; `null` is missing.
    func numbers(_ key: String) -> [Double]? { expected[key].map { OriginalAnswers.numbers($0) } }

    func strings(_ key: String) -> [String]? { expected[key]?.array.map { $0.compactMap(\.string) } }

    static func numbers(_ value: JSONValue) -> [Double] {
        switch value {
        case .array(let elements): elements.flatMap { numbers($0) }
        case .integer(let number): [Double(number)]
        case .number(let number): [number]
        case .bool(let flag): [flag ? 1 : 0]
        case .string("Infinity"): [.infinity]
        case .string("-Infinity"): [-.infinity]
        default: [.nan]
        }
    }

    /// The rows as a client would send them: categories by name, numbers of categorical columns by their
    /// text.
    func block(for model: CompiledModel) -> RowBlock {
        let index = SchemaIndex(model.schema)
        var block = RowBlock()
        block.reset(columnCount: model.schema.count, numberType: model.inputType)
        block.appendRows(rows.count)
        for (row, values) in rows.enumerated() {
            for (column, value) in values.enumerated() {
                if case .text = model.schema.features[column].kind, case .string(let text) = value {
                    block.setText(text, row: row, column: column)
                    continue
                }
                var number = OriginalAnswers.numbers(value)[0]
                if case .categorical = model.schema.features[column].kind {
                    let name: String? =
                        switch value {
                        case .string(let text): text
                        case .bool(let flag): flag ? "true" : "false"
                        case .integer(let whole): String(whole)
                        case .number(let number):
                            Int64(exactly: number).map { String($0) } ?? "\(number)"
                        default: nil
                        }
                    number = name.map { index.categoryCode($0, column: column) } ?? .nan
                }
                block.set(number, row: row, column: column)
            }
        }
        return block
    }
}

/// A model file compiled, and its answers to recorded rows.
struct ImportedAnswers: ~Copyable {
    let model: CompiledModel
    let graph: ModelGraph
    let rowCount: Int
    var predictions: Predictions
    /// For each row the leaf of each tree, as its library numbers them; none for models with stages.
    let leaves: [Double]

    /// - Parameter isConverted: written as a native file and read again.
    init(_ path: String, _ original: OriginalAnswers, isConverted: Bool = false) throws {
        let file = try OriginalAnswers.file(path)
        var graph = try ModelFile.load(file.span, fileName: path)
        if isConverted {
            let native = try NativeModel.write(graph)
            graph = try NativeModel.read(native.span)
        }
        let model = try CompiledModel(graph)
        let block = original.block(for: model)
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.predict(block, into: &predictions, scratch: &scratch)
        (self.model, self.graph, rowCount) = (model, graph, block.rowCount)
        leaves = ImportedAnswers.leaves(graph, block)
        self.predictions = predictions
    }

    private static func leaves(_ graph: ModelGraph, _ block: borrowing RowBlock) -> [Double] {
        guard case .treeEnsemble(let trees) = graph.estimator, graph.stages.isEmpty else { return [] }
        var leaves: [Double] = []
        for row in 0..<block.rowCount {
            let values = (0..<block.columnCount).map { block.value(row: row, column: $0) }
            for tree in 0..<trees.treeCount {
                leaves.append(Double(trees.leafNumbers[referenceLeaf(trees, tree: tree, row: values).index]))
            }
        }
        return leaves
    }

    var margins: [Double] { ImportedAnswers.numbers(predictions.margins) }
    var values: [Double] { ImportedAnswers.numbers(predictions.values) }

    static func numbers(_ block: borrowing RowBlock) -> [Double] {
        var numbers: [Double] = []
        for row in 0..<block.rowCount {
            for column in 0..<block.columnCount { numbers.append(block.value(row: row, column: column)) }
        }
        return numbers
    }
}

/// Expects each number to be the wanted one: the same Float32, or within `relative` of it.
func expectAnswers(
    _ found: [Double], _ wanted: [Double], relative: Double, absolute: Double = 0, _ what: String
) {
    #expect(found.count == wanted.count, "\(what): \(found.count) numbers, not \(wanted.count)")
    var far: [String] = []
    for (index, (found, wanted)) in zip(found, wanted).enumerated() {
        let isSame =
            relative == 0
            ? Float(found) == Float(wanted)
            : found == wanted || abs(found - wanted) <= absolute + relative * abs(wanted)
        if !isSame && !(found.isNaN && wanted.isNaN) { far.append("[\(index)] \(found), not \(wanted)") }
    }
    #expect(far.isEmpty, "\(what): \(far.count) of \(found.count) differ: \(far.prefix(3))")
}
