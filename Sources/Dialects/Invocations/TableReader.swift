// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Reads CSV into rows: with a first line of names, in any order, or without, in the model's order.
struct TableReader {
    let model: ServedModel
    let hasHeader: Bool

    /// - Throws: `CSVError`, `PredictError`.
    func read(_ text: Span<UInt8>, into workspace: Workspace) throws {
        let options = CSVOptions()
        var parser = CSVParser(options)
        var rows = NamedRows(model: model)
        var needsHeader = hasHeader
        var offset = 0
        while true {
            let isRecord = try parser.parse(text, from: &offset)
            let isLast = try !isRecord && parser.finish()
            guard isRecord || isLast else { break }
            if needsHeader {
                needsHeader = false
                try rows.bind(names: CSVHeader(parser).names)
            } else if !parser.isEmptyLine || rows.width == 1 {
                try readRow(parser, options, &rows, workspace)
            }
            if isLast { break }
        }
        if needsHeader { throw CSVError(line: 1, reason: .noHeader) }
        try rows.finish("the table", into: workspace)
    }

    private func readRow(
        _ parser: borrowing CSVParser, _ options: CSVOptions, _ rows: inout NamedRows, _ workspace: Workspace
    ) throws(PredictError) {
        let place = "line \(parser.recordLine)"
        if rows.columnCount == 0 { try rows.bind(count: parser.fieldCount, place: place) }
        guard parser.fieldCount == rows.columnCount else {
            throw .wrongElementCount(
                input: place, expected: rows.columnCount, given: "\(parser.fieldCount) elements")
        }
        try rows.beginRow(workspace)
        for column in 0..<parser.fieldCount {
            try rows.read(parser.field(column), column: column, options: options, into: workspace)
        }
    }
}
