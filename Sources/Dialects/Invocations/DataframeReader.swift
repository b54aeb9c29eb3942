// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving

/// Reads the data frames of pandas as MLflow's clients send them: `dataframe_split` and `dataframe_records`.
struct DataframeReader {
    let model: ServedModel

    // MARK: dataframe_split

    /// `{"columns": […], "index": […], "data": [[…], …]}`: names once, then the rows; columns that the model
    /// does not know are passed over. Without names, or with numbers for names, they are the model's.
    func readSplit(_ reader: inout JSONReader, _ json: Span<UInt8>, _ workspace: Workspace) throws {
        var columns: [String]?
        var hasColumns = false
        var data: Range<Int>?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "columns":
                guard !hasColumns else { throw PredictError.repeatedField("columns") }
                hasColumns = true
                columns = try readNames(&reader)
            case "data":
                guard data == nil else { throw PredictError.repeatedField("data") }
                data = try reader.skipValue()
            case "index": try reader.skipValue()
            default:
                throw PredictError.invalidField(
                    "dataframe_split", reason: "'\(key)' is none of 'columns', 'index' and 'data'")
            }
        }
        guard let data else { throw PredictError.missingField("dataframe_split.data") }
        var rows = NamedRows(model: model)
        if let columns { try rows.bind(names: columns) }
        var elements = JSONReader(json, options: .allowsNonFinite, startingAt: data.lowerBound)
        try elements.beginArray()
        while try elements.nextElement() { try readRow(&elements, json, &rows, workspace) }
        try rows.finish("dataframe_split", into: workspace)
    }

    /// Nil when the names are numbers, which pandas counts columns by that have none.
    private func readNames(_ reader: inout JSONReader) throws -> [String]? {
        if try reader.peek() == .null {
            try reader.readNull()
            return nil
        }
        var names: [String] = []
        var isNamed = true
        try reader.beginArray()
        while try reader.nextElement() {
            if try reader.peek() == .number {
                isNamed = false
                try reader.skipValue()
            } else {
                names.append(try reader.readString())
            }
        }
        return isNamed && !names.isEmpty ? names : nil
    }

    private func readRow(
        _ reader: inout JSONReader, _ json: Span<UInt8>, _ rows: inout NamedRows, _ workspace: Workspace
    ) throws {
        let row = rows.rowCount
        if rows.columnCount == 0 {
            let count = try JSONReader.elementCount(json, at: reader.position)
            try rows.bind(count: count, place: "data[\(row)]")
        }
        try rows.beginRow(workspace)
        let expected = rows.columnCount
        var column = 0
        try reader.beginArray()
        while try reader.nextElement() {
            guard column < expected else { throw wrongWidth(row, expected, "more than \(expected)") }
            try rows.read(from: &reader, column: column, into: workspace)
            column += 1
        }
        guard column == expected else { throw wrongWidth(row, expected, "\(column)") }
    }

    private func wrongWidth(_ row: Int, _ expected: Int, _ given: String) -> PredictError {
        .wrongElementCount(input: "data[\(row)]", expected: expected, given: given + " elements")
    }

    // MARK: dataframe_records

    /// `[{"a": 1, "b": "x"}, …]`: what a record does not have is missing, if another has it.
    func readRecords(_ reader: inout JSONReader, _ workspace: Workspace) throws {
        var rows = NamedRows(model: model)
        var isSeen = Array(repeating: false, count: rows.names.count)
        try reader.beginArray()
        while try reader.nextElement() {
            try rows.beginRow(workspace)
            try readRecord(&reader, &rows, &isSeen, workspace)
        }
        let missing = zip(rows.names, isSeen).filter { !$0.1 }.map(\.0)
        if rows.rowCount > 0 && !missing.isEmpty {
            throw PredictError.missingInputs(missing, model: model.name)
        }
        try rows.finish("dataframe_records", into: workspace)
    }

    private func readRecord(
        _ reader: inout JSONReader, _ rows: inout NamedRows, _ isSeen: inout [Bool], _ workspace: Workspace
    ) throws {
        var inThis = Array(repeating: false, count: isSeen.count)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard let target = rows.target(named: key) else {
                try reader.skipValue()
                continue
            }
            guard !inThis[target] else { throw PredictError.repeatedInput(key) }
            inThis[target] = true
            isSeen[target] = true
            try rows.read(from: &reader, target: target, into: workspace)
        }
        for target in inThis.indices where !inThis[target] { try rows.leaveMissing(target: target) }
    }
}
