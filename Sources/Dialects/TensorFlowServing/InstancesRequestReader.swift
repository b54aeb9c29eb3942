// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// How a V1 request lists its values, which decides what the answer looks like.
enum InstancesList {
    /// `instances`: one element a row; the answer is `predictions`.
    case rows
    /// `inputs`: one element an input; the answer is `outputs`.
    case columns
}

/// Reads a V1 request (`docs/protocols/v1.md`) into the workspace's row block.
struct InstancesRequestReader {
    let model: ServedModel
    private let cells: JSONCells

    init(model: ServedModel) {
        self.model = model
        cells = JSONCells(index: model.index, datatype: nil, takesBase64: true)
    }

    /// Why `instances` or `examples` is not valid.
    static let isEmpty = "it has no element"
    /// Why a second list is not.
    static let isTwofold = "a request has one 'instances' or 'inputs'"

    /// Returns how the values were listed, and which outputs are wanted by name. Where it throws, `stop` says
    /// where it was.
    ///
    /// - Throws: `JSONError`, `PredictError`.
    func read(
        _ json: Span<UInt8>, into workspace: Workspace, noting stop: inout ServingWords.Stop
    ) throws -> (list: InstancesList, outputs: NamedOutputs?) {
        var reader = JSONReader(json, options: .allowsNonFinite)
        do {
            return try read(&reader, into: workspace, bodySize: json.count, list: &stop.list)
        } catch {
            stop.offset = reader.position
            throw error
        }
    }

    private func read(
        _ reader: inout JSONReader, into workspace: Workspace, bodySize: Int, list: inout InstancesList?
    ) throws -> (list: InstancesList, outputs: NamedOutputs?) {
        var hasSignature = false
        var outputs: NamedOutputs?
        workspace.begin(model, bodySize: bodySize)
        try reader.beginObject()
        while let key = try reader.nextKeyText() {
            let isRows = reader.matches(key, "instances")
            if isRows || reader.matches(key, "inputs") {
                guard list == nil else {
                    throw PredictError.invalidField(
                        reader.string(key), reason: Self.isTwofold)
                }
                list = isRows ? .rows : .columns
                try readList(isRows ? .rows : .columns, from: &reader, into: workspace)
            } else if reader.matches(key, "signature_name") {
                guard !hasSignature else { throw PredictError.repeatedField("signature_name") }
                hasSignature = true
                try SignatureName.read(&reader)
            } else if reader.matches(key, "parameters") {
                outputs = try NamedOutputs.read(&reader, model)
            } else {
                try reader.skipValue()
            }
        }
        try reader.expectEnd()
        guard let list else { throw PredictError.unsupported("Missing 'inputs' or 'instances' key") }
        try workspace.checkMargins(of: model)
        return (list, outputs)
    }

    /// Reads the value of `instances` or `inputs`.
    func readList(
        _ list: InstancesList, from reader: inout JSONReader, into workspace: Workspace
    ) throws {
        if model.tensorInputs != nil {
            return try InstancesTensorReader(model: model).read(from: &reader, into: workspace, list: list)
        }
        switch list {
        case .rows: try readInstances(&reader, workspace)
        case .columns: try readInputs(&reader, workspace)
        }
    }

    // MARK: Row form

    private func readInstances(_ reader: inout JSONReader, _ workspace: Workspace) throws {
        try reader.beginArray()
        var row = 0
        while try reader.nextElement() {
            try workspace.makeRoom(forRows: 1)
            switch try reader.peek() {
            case .object:
                do {
                    try readObject(&reader, workspace, row: row)
                } catch let error as PredictError {
                    throw error.inRow(row)
                }
            case .array: try readValues(&reader, workspace, of: "instances", row: row)
            default: try readScalar(&reader, workspace, of: "instances", row: row)
            }
            row += 1
        }
        guard row > 0 else { throw PredictError.invalidField("instances", reason: Self.isEmpty) }
    }

    /// `[v0, v1, …]`: the features in the schema's order.
    private func readValues(
        _ reader: inout JSONReader, _ workspace: Workspace, of list: StaticString, row: Int
    ) throws {
        let count = model.schema.count
        let start = row * count
        func run(from column: Int, _ reader: inout JSONReader) -> Int {
            guard model.index.isNumeric else { return 0 }
            return cells.readRun(from: &reader, into: &workspace.rows, at: start + column..<start + count)
        }
        try reader.beginArray()
        var column = run(from: 0, &reader)
        while try reader.nextElement() {
            guard column < count else { throw wrongWidth(list, row, "more than \(count) elements") }
            try readCell(&reader, workspace, row: row, column: column)
            column += 1
            column += run(from: column, &reader)
        }
        guard column == count else { throw wrongWidth(list, row, "\(column) elements") }
    }

    /// `{"a": 1, "b": "x"}`: features by name, all of them; or `{"input": [v0, v1, …]}`.
    private func readObject(_ reader: inout JSONReader, _ workspace: Workspace, row: Int) throws {
        var binder = InputBinder(index: model.index, modelName: model.name)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if let margins = model.rowMargins(named: key) {
                guard workspace.rowMargins.rowCount <= row else { throw PredictError.repeatedInput(key) }
                // Rows before this one that brought none are found out in the end.
                try workspace.makeRoom(forMarginsOf: row + 1 - workspace.rowMargins.rowCount, margins)
                try readMargins(&reader, workspace, margins, row: row)
                continue
            }
            let target = try binder.bind(key)
            if key == InputBinder.matrixName && target.columnCount == model.schema.count,
                try reader.peek() == .array
            {
                try readValues(&reader, workspace, of: "instances", row: row)
            } else if target.columnCount > 1 {
                throw PredictError.wrongValue(
                    input: key, row: row, reason: "expected an array of \(target.columnCount) numbers")
            } else {
                try readCell(&reader, workspace, row: row, column: target.firstColumn)
            }
        }
        try binder.requireAll()
    }

    private func readScalar(
        _ reader: inout JSONReader, _ workspace: Workspace, of list: StaticString, row: Int
    ) throws {
        guard model.schema.count == 1 else { throw wrongWidth(list, row, "a single value") }
        try readCell(&reader, workspace, row: row, column: 0)
    }

    private func wrongWidth(_ list: StaticString, _ row: Int, _ given: String) -> PredictError {
        .wrongElementCount(
            input: "\(list)[\(row)]", expected: model.schema.count, given: given)
    }

    // MARK: Columnar form

    private func readInputs(_ reader: inout JSONReader, _ workspace: Workspace) throws {
        guard try reader.peek() == .object else {
            guard model.schema.isNumeric || model.schema.count == 1 else {
                throw PredictError.invalidField("inputs", reason: "expected an object with every column")
            }
            return try readMatrix(&reader, workspace)
        }
        var binder = InputBinder(index: model.index, modelName: model.name)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if let margins = model.rowMargins(named: key) {
                guard workspace.rowMargins.rowCount == 0 else { throw PredictError.repeatedInput(key) }
                try reader.beginArray()
                while try reader.nextElement() {
                    try workspace.makeRoom(forMarginsOf: 1, margins)
                    try readMargins(&reader, workspace, margins, row: workspace.rowMargins.rowCount - 1)
                }
                continue
            }
            let target = try binder.bind(key)
            if key == InputBinder.matrixName && target.columnCount == model.schema.count {
                try readMatrix(&reader, workspace)
            } else {
                try readColumn(&reader, workspace, name: key, column: target.firstColumn)
            }
        }
        try binder.requireAll()
    }

    /// `[[v0, v1, …], …]`: one array a row.
    private func readMatrix(_ reader: inout JSONReader, _ workspace: Workspace) throws {
        try reader.beginArray()
        var row = 0
        while try reader.nextElement() {
            try workspace.makeRoom(forRows: 1)
            if try reader.peek() == .array {
                try readValues(&reader, workspace, of: "inputs", row: row)
            } else {
                try readScalar(&reader, workspace, of: "inputs", row: row)
            }
            row += 1
        }
        guard row > 0 else { throw PredictError.invalidField("inputs", reason: "it has no row") }
    }

    /// `[v, v, …]` or `[[v], [v], …]`: one value a row. The first column makes the rows, the others fill
    /// them.
    private func readColumn(
        _ reader: inout JSONReader, _ workspace: Workspace, name: String, column: Int
    ) throws {
        let isFirst = workspace.rows.rowCount == 0
        try reader.beginArray()
        var row = 0
        while try reader.nextElement() {
            if isFirst { try workspace.makeRoom(forRows: 1) }
            guard row < workspace.rows.rowCount else { throw unevenColumn(name, row + 1, workspace) }
            if try reader.peek() == .array {
                try reader.beginArray()
                guard try reader.nextElement() else {
                    throw PredictError.wrongValue(input: name, row: row, reason: "an empty array")
                }
                try readCell(&reader, workspace, row: row, column: column)
                guard try !reader.nextElement() else {
                    throw PredictError.wrongValue(input: name, row: row, reason: "more than one value")
                }
            } else {
                try readCell(&reader, workspace, row: row, column: column)
            }
            row += 1
        }
        guard row > 0 else { throw PredictError.invalidField(name, reason: "it has no row") }
        guard row == workspace.rows.rowCount else { throw unevenColumn(name, row, workspace) }
    }

    private func unevenColumn(_ name: String, _ rows: Int, _ workspace: Workspace) -> PredictError {
        .wrongShape(
            input: name, given: [rows], expected: "\(workspace.rows.rowCount) rows as in the columns before")
    }

    /// `m`, or `[m0, m1, …]`: what a row starts from.
    private func readMargins(
        _ reader: inout JSONReader, _ workspace: Workspace, _ margins: RowMargins, row: Int
    ) throws {
        let cells = JSONCells(index: margins.index, datatype: nil)
        guard try reader.peek() == .array else {
            guard margins.width == 1 else {
                throw PredictError.wrongValue(
                    input: margins.name, row: row, reason: "expected an array of \(margins.width) numbers")
            }
            return try cells.read(
                from: &reader, into: &workspace.rowMargins, row: row, column: 0, isCategorical: false)
        }
        try reader.beginArray()
        var column = 0
        while try reader.nextElement() {
            if column < margins.width {
                try cells.read(
                    from: &reader, into: &workspace.rowMargins, row: row, column: column,
                    isCategorical: false)
            } else {
                try reader.skipValue()
            }
            column += 1
        }
        guard column == margins.width else {
            throw PredictError.wrongElementCount(
                input: margins.name, expected: margins.width, given: "\(column) elements in row \(row)")
        }
    }

    @inline(__always)
    private func readCell(
        _ reader: inout JSONReader, _ workspace: Workspace, row: Int, column: Int
    ) throws {
        try cells.read(
            from: &reader, into: &workspace.rows, row: row, column: column,
            isCategorical: model.isCategorical(column))
    }
}
