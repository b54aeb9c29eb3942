// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Reads the JSON that SageMaker's clients send: a list of rows, `{"instances": […]}`, `{"inputs": …}`, or a
/// row a line. A row is an array in the model's order, `{"features": […]}`, or an object by name.
struct RecordReader {
    let model: ServedModel

    /// - Throws: `JSONError`, `PredictError`.
    func readDocument(_ json: Span<UInt8>, into workspace: Workspace) throws {
        var reader = JSONReader(json, options: .allowsNonFinite)
        if try reader.peek() == .array {
            try readRows(&reader, json, "the body", workspace)
            return try reader.expectEnd()
        }
        var hasList = false
        try reader.beginObject()
        while let key = try reader.nextKeyText() {
            let isRows = reader.matches(key, "instances")
            guard isRows || reader.matches(key, "inputs") else {
                try reader.skipValue()
                continue
            }
            guard !hasList else {
                throw PredictError.invalidField(
                    reader.string(key), reason: "a request has one 'instances' or 'inputs'")
            }
            hasList = true
            if isRows && model.tensorInputs == nil {
                try readRows(&reader, json, "instances", workspace)
            } else {
                try InstancesRequestReader(model: model).readList(
                    isRows ? .rows : .columns, from: &reader, into: workspace)
            }
        }
        try reader.expectEnd()
        guard hasList else { throw PredictError.missingField("instances") }
    }

    private static let line = "line"

    /// A document a line; empty lines are passed over.
    func readLines(_ text: Span<UInt8>, into workspace: Workspace) throws {
        var rows = NamedRows(model: model)
        var start = 0
        while start < text.count {
            let end = CSVFraming.lineEnd(text, from: start)
            // What stands before the line stays, so that errors are placed in the whole text.
            let line = text.extracting(0..<end)
            var reader = JSONReader(line, options: .allowsNonFinite, startingAt: start)
            if try reader.peek() != .end {
                try readRow(&reader, line, &rows, Self.line, workspace)
                try reader.expectEnd()
            }
            start = end
        }
        try rows.finish("the body", into: workspace)
    }

    /// `[row, row, …]`, or one row of bare values.
    private func readRows(
        _ reader: inout JSONReader, _ json: Span<UInt8>, _ place: String, _ workspace: Workspace
    ) throws {
        var rows = NamedRows(model: model)
        var ahead = JSONReader(json, options: .allowsNonFinite, startingAt: reader.position)
        try ahead.beginArray()
        let isSingle = try ahead.nextElement() && ![.array, .object].contains(ahead.peek())
        if isSingle && (rows.width ?? 2) > 1 {
            try readRow(&reader, json, &rows, place, workspace)
        } else {
            try reader.beginArray()
            while try reader.nextElement() { try readRow(&reader, json, &rows, place, workspace) }
        }
        try rows.finish(place, into: workspace)
    }

    private func readRow(
        _ reader: inout JSONReader, _ json: Span<UInt8>, _ rows: inout NamedRows, _ place: String,
        _ workspace: Workspace
    ) throws {
        let name = place == Self.line ? "row \(rows.rowCount)" : "\(place)[\(rows.rowCount)]"
        try rows.beginRow(workspace)
        switch try reader.peek() {
        case .array: try readValues(&reader, json, &rows, name, workspace)
        case .object: try readObject(&reader, json, &rows, name, workspace)
        default:
            guard rows.width ?? 1 == 1 else {
                throw PredictError.wrongElementCount(
                    input: name, expected: rows.width ?? 1, given: "a single value")
            }
            if rows.columnCount == 0 { try rows.bind(count: 1, place: name) }
            try rows.read(from: &reader, target: 0, into: workspace)
        }
    }

    private func readValues(
        _ reader: inout JSONReader, _ json: Span<UInt8>, _ rows: inout NamedRows, _ name: String,
        _ workspace: Workspace
    ) throws {
        if rows.columnCount == 0 {
            let count = try JSONReader.elementCount(json, at: reader.position)
            try rows.bind(count: count, place: name)
        }
        let expected = rows.columnCount
        var column = 0
        try reader.beginArray()
        while try reader.nextElement() {
            guard column < expected else {
                throw PredictError.wrongElementCount(
                    input: name, expected: expected, given: "more than \(expected) elements")
            }
            try rows.read(from: &reader, column: column, into: workspace)
            column += 1
        }
        guard column == expected else {
            throw PredictError.wrongElementCount(
                input: name, expected: expected, given: "\(column) elements")
        }
    }

    /// `{"features": […]}` where the model has no feature of that name, else the features by name, all of
    /// them.
    private func readObject(
        _ reader: inout JSONReader, _ json: Span<UInt8>, _ rows: inout NamedRows, _ name: String,
        _ workspace: Workspace
    ) throws {
        var isSet = Array(repeating: false, count: rows.names.count)
        var hasValues = false
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if let target = rows.target(named: key) {
                guard !isSet[target] else { throw PredictError.repeatedInput(key) }
                isSet[target] = true
                try rows.read(from: &reader, target: target, into: workspace)
            } else if key == "features", !hasValues, try reader.peek() == .array {
                hasValues = true
                try readValues(&reader, json, &rows, "\(name).features", workspace)
            } else {
                throw PredictError.unexpectedInput(
                    key, model: model.name, expected: rows.names, row: rows.rowCount - 1)
            }
        }
        let missing = zip(rows.names, isSet).filter { !$0.1 }.map(\.0)
        guard hasValues != isSet.contains(true) || rows.names.isEmpty else {
            throw PredictError.invalidField(name, reason: "it has values by name and in a list, or none")
        }
        guard hasValues || missing.isEmpty else {
            throw PredictError.missingInputs(missing, model: model.name, row: rows.rowCount - 1)
        }
    }
}

extension JSONReader {
    /// The elements of the array that begins at `offset`.
    static func elementCount(_ json: Span<UInt8>, at offset: Int) throws(JSONError) -> Int {
        var reader = JSONReader(json, options: .allowsNonFinite, startingAt: offset)
        var count = 0
        try reader.beginArray()
        while try reader.nextElement() {
            try reader.skipValue()
            count += 1
        }
        return count
    }
}
