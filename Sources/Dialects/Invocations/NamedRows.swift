// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Puts rows whose columns have names, or stand in the model's order, where the model reads them from: the
/// row block, or the tensors of an operator graph.
struct NamedRows {
    let model: ServedModel
    private let cells: JSONCells
    /// Where a column of the source goes; nil: nowhere, the model does not know it.
    private var targets: [Int?] = []
    private var tensors: [GraphTensor] = []
    private(set) var rowCount = 0

    init(model: ServedModel) {
        self.model = model
        cells = JSONCells(index: model.index, datatype: nil)
        tensors = (model.tensorInputs ?? []).map { GraphTensor(name: $0.name, datatype: $0.datatype) }
    }

    /// Columns that a row needs; nil for a graph whose only input takes any number.
    var width: Int? {
        guard let inputs = model.tensorInputs else { return model.schema.count }
        return matrixWidth ?? (takesMatrix ? nil : inputs.count)
    }

    /// The names of the columns in the model's order.
    var names: [String] {
        model.tensorInputs.map { $0.map(\.name) } ?? model.schema.features.map(\.name)
    }

    func target(named name: String) -> Int? {
        guard let inputs = model.tensorInputs else { return model.index.column(named: name) }
        return inputs.firstIndex { $0.name == name }
    }

    /// A graph of one input with rows and columns: it takes the columns in their order.
    private var takesMatrix: Bool { model.tensorInputs?.count == 1 && (dimensions(0)?.count ?? 2) == 2 }

    private var matrixWidth: Int? {
        guard takesMatrix, let dimensions = dimensions(0), dimensions.count == 2 else { return nil }
        return dimensions[1]
    }

    private func dimensions(_ input: Int) -> [Int?]? { model.tensorInputs?[input].dimensions }

    // MARK: Columns

    /// The source's columns have names, in any order; those that the model does not know are passed over.
    ///
    /// - Throws: `missingInputs`, `repeatedInput`.
    mutating func bind(names columns: [String]) throws(PredictError) {
        if takesMatrix && target(named: columns.first ?? "") == nil {
            return try bind(count: columns.count, place: "the columns")
        }
        targets = columns.map { target(named: $0) }
        var isBound = Array(repeating: false, count: names.count)
        for (column, target) in targets.enumerated() {
            guard let target else { continue }
            guard !isBound[target] else { throw .repeatedInput(columns[column]) }
            isBound[target] = true
        }
        let missing = zip(names, isBound).filter { !$0.1 }.map(\.0)
        guard missing.isEmpty else { throw .missingInputs(missing, model: model.name) }
    }

    /// The source's columns are the model's, in its order.
    ///
    /// - Throws: `wrongElementCount`, which calls the source's rows `place`.
    mutating func bind(count: Int, place: String) throws(PredictError) {
        guard count == width ?? count else {
            throw .wrongElementCount(input: place, expected: width ?? 0, given: "\(count) elements")
        }
        targets = (0..<count).map { $0 }
    }

    /// Columns of the source; 0 before it is bound.
    var columnCount: Int { targets.count }

    // MARK: Rows

    /// - Throws: `tooManyRows`, `rowsExceedBody`.
    mutating func beginRow(_ workspace: Workspace) throws(PredictError) {
        if model.tensorInputs == nil {
            try workspace.makeRoom(forRows: 1)
        } else {
            guard rowCount < workspace.rowLimit else { throw .tooManyRows(limit: workspace.rowLimit) }
        }
        rowCount += 1
    }

    /// Reads the next JSON value into a cell of the row begun last.
    ///
    /// - Parameter column: of the source.
    mutating func read(
        from reader: inout JSONReader, column: Int, into workspace: Workspace
    ) throws {
        guard let target = targets[column] else {
            try reader.skipValue()
            return
        }
        try read(from: &reader, target: target, into: workspace)
    }

    /// Likewise, for a column of the model.
    mutating func read(
        from reader: inout JSONReader, target: Int, into workspace: Workspace
    ) throws {
        guard model.tensorInputs != nil else {
            return try cells.read(
                from: &reader, into: &workspace.rows, row: rowCount - 1, column: target,
                isCategorical: model.isCategorical(target))
        }
        try tensors[takesMatrix ? 0 : target].readElement(from: &reader, row: rowCount - 1)
    }

    /// Leaves a cell of the row begun last missing; only for what is not a graph's.
    ///
    /// - Throws: `missingInputs` for a graph, whose texts and whole numbers have no missing value.
    func leaveMissing(target: Int) throws(PredictError) {
        if model.tensorInputs != nil { throw .missingInputs([names[target]], model: model.name) }
    }

    /// Reads a cell of a table, as text, into the row begun last.
    mutating func read(
        _ text: Span<UInt8>, column: Int, options: CSVOptions, into workspace: Workspace
    ) throws(PredictError) {
        guard let target = targets[column] else { return }
        if model.tensorInputs != nil {
            let place = takesMatrix ? 0 : target
            return try tensors[place].readElement(text, options: options, row: rowCount - 1)
        }
        if options.isMissing(text) { return }
        let value: Double
        switch model.schema.features[target].kind {
        case .numeric:
            guard let number = parseDouble(trimmed(text)) else { throw wrong(text, target, "a number") }
            value = number
        case .categorical: value = category(try name(text, target), text, target)
        case .date:
            guard let seconds = DateText.parse(text) ?? parseDouble(trimmed(text)) else {
                throw .wrongValue(
                    input: names[target], row: rowCount - 1, reason: SchemaIndex.dateExpected)
            }
            value = seconds
        case .text:
            _ = try name(text, target)
            return workspace.rows.setText(text, row: rowCount - 1, column: target)
        }
        workspace.rows.set(value, row: rowCount - 1, column: target)
    }

    private func name(_ text: Span<UInt8>, _ target: Int) throws(PredictError) -> String {
        guard let name = String(validating: text) else {
            throw .wrongValue(input: names[target], row: rowCount - 1, reason: "the name is not valid UTF-8")
        }
        return name
    }

    private func category(_ name: String, _ text: Span<UInt8>, _ target: Int) -> Double {
        let code = model.index.categoryCode(name, column: target)
        if code == FeatureKind.unseenCategory, model.index.acceptsNumbers(column: target),
            let number = parseDouble(trimmed(text))
        {
            return model.index.categoryCode(number, column: target)
        }
        return code
    }

    private func wrong(_ text: Span<UInt8>, _ target: Int, _ expected: String) -> PredictError {
        let shown = String(copying: text.extracting(0..<min(text.count, 40)))
        return .wrongValue(
            input: names[target], row: rowCount - 1, reason: "expected \(expected), got '\(shown)'")
    }

    /// All rows have come: hands a graph its tensors.
    ///
    /// - Throws: `invalidField` when there was no row; `wrongShape`.
    func finish(_ place: String, into workspace: Workspace) throws(PredictError) {
        guard rowCount > 0 else { throw .invalidField(place, reason: "it has no row") }
        guard let inputs = model.tensorInputs else { return }
        for index in inputs.indices {
            var shape = [rowCount]
            if takesMatrix {
                shape.append(columnCount)
            } else if (dimensions(index)?.count ?? 2) > 1 {
                shape.append(1)
            }
            try workspace.tensors.check(shape, for: index)
            workspace.tensors.store(tensors[index].values, shape: shape, for: index)
        }
    }
}
