// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base

/// `modelctl predict`: rows in, predictions out, in the order of the rows.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Ask a running server for predictions.",
        discussion: """
            Rows come from --row, --json, a file, or standard input. A file that begins with { or [ is \
            JSON (an object, an array, or one object a line); anything else is CSV with a header. Columns \
            are matched by name in any order; CSV columns that the model does not need are passed over. \
            An empty cell, NA, NaN or null is a missing value.

              modelctl predict iris --row sepal_length=5.1,sepal_width=3.5
              modelctl predict iris --json '[{"sepal_length": 5.1, "sepal_width": null}]'
              modelctl predict iris@3 flowers.csv --outputs probabilities
              producer | modelctl predict iris --output json
            """)

    @Argument(
        help: ArgumentHelp(
            "The model, in its newest version unless one is given.", valueName: "model[@version]"))
    var model: String

    @Argument(help: ArgumentHelp("A CSV or JSON file; - is standard input.", valueName: "file"))
    var file: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A row as NAME=VALUE pairs; may be repeated.", valueName: "a=1,b=2"))
    var row: [String] = []

    @Option(help: ArgumentHelp("Rows as JSON.", valueName: "text"))
    var json: String?

    @Option(
        help: ArgumentHelp(
            "Outputs to ask for, separated by commas: predictions, probabilities, "
                + "labels, margin. Without it: predictions, and labels where the model "
                + "has them.", valueName: "names"))
    var outputs: String?

    @Option(help: ArgumentHelp("Rows in one request.", valueName: "n"))
    var batch: Int = 1000

    @Option(
        help:
            "How to print: table, or json with one object a row. Without it: table on a terminal, else json.")
    var output: OutputFormat?

    @OptionGroup var connection: ServerOptions

    func validate() throws {
        let given = (file == nil ? 0 : 1) + (row.isEmpty ? 0 : 1) + (json == nil ? 0 : 1)
        guard given <= 1 else { throw ValidationError("give the rows in one way: a file, --row or --json") }
        guard (1...1_000_000).contains(batch) else {
            throw ValidationError("--batch must be from 1 to 1000000")
        }
        if given == 0 && Console.inputIsTerminal {
            throw ValidationError("give rows: a file, --row, --json, or standard input")
        }
    }

    func run() throws {
        try report { () throws(ControlError) in
            var reference = try ModelReference(parsing: model)
            let client = try connection.client()
            let metadata = try client.metadata(of: reference)
            let request = InferRequest(metadata, outputs: outputNames(metadata))
            let matcher = FeatureMatcher(request.features)
            let source = try rowSource(matcher)
            var printer = PredictionPrinter(output ?? (Console.outputIsTerminal ? .table : .json))
            while true {
                let rows = try nextRows(source)
                if rows.isEmpty { break }
                let first = printer.rowCount
                if first == 0 { warn(of: source.ignoredColumns) }
                let answer = try infer(rows, after: first, request, client, &reference)
                Console.output(printer.print(answer))
            }
            guard printer.rowCount > 0 else {
                throw .noRows(place: file ?? (json == nil ? "standard input" : "--json"))
            }
        }
    }

    private func outputNames(_ metadata: ModelMetadata) -> [String] {
        if let outputs { return outputs.split(separator: ",").map { String($0) } }
        return metadata.outputs.map(\.name).filter { $0 == "predictions" || $0 == "labels" }
    }

    private func rowSource(_ matcher: FeatureMatcher) throws(ControlError) -> any RowSource {
        if !row.isEmpty { return AssignmentRowSource(row, matcher: matcher) }
        if let json { return try DocumentRowSource(Array(json.utf8).span, place: "--json", matcher: matcher) }
        return try RowFile.source(file ?? "-", matcher: matcher)
    }

    private func nextRows(_ source: any RowSource) throws(ControlError) -> [[InputCell]] {
        var rows: [[InputCell]] = []
        while rows.count < batch, let row = try source.next() { rows.append(row) }
        return rows
    }

    /// Asks for one batch; an error says which rows it is about.
    private func infer(
        _ rows: [[InputCell]], after first: Int, _ request: InferRequest, _ client: ServerClient,
        _ reference: inout ModelReference
    ) throws(ControlError) -> InferAnswer {
        do throws(ControlError) {
            return try client.infer(rows, request, &reference)
        } catch {
            guard case .refused(let server, let path, let status, let message) = error else { throw error }
            let range = rows.count == 1 ? "row \(first + 1)" : "rows \(first + 1) to \(first + rows.count)"
            throw .refused(
                server: server, path: path, status: status, message: "\(message) (\(range) of the input)")
        }
    }

    private func warn(of columns: [String]) {
        guard !columns.isEmpty else { return }
        let names = columns.prefix(8).joined(separator: ", ") + (columns.count > 8 ? ", …" : "")
        Console.error("modelctl: not used by the model: \(TextTable.printable(names))")
    }
}

/// Prints answers as they come; the header once.
struct PredictionPrinter {
    private let format: OutputFormat
    private var table: TextTable?
    private(set) var rowCount = 0

    init(_ format: OutputFormat) { self.format = format }

    mutating func print(_ answer: InferAnswer) -> String {
        defer { rowCount += answer.rowCount }
        switch format {
        case .json:
            return (0..<answer.rowCount).map { answer.object(row: $0).line + "\n" }.joined()
        case .table:
            let isFirst = table == nil
            var table = table ?? TextTable(["ROW"] + answer.outputs.map { $0.name.uppercased() })
            for row in 0..<answer.rowCount {
                table.append(
                    ["\(rowCount + row + 1)"] + answer.outputs.map { answer.value(of: $0, row: row).cell })
            }
            let text = isFirst ? table.takeAll() : table.takeRows()
            self.table = table
            return text
        }
    }
}
