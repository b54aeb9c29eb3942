// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base

/// `modelctl diff MODEL@A MODEL@B FILE`
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare what two versions answer to a file of rows.",
        discussion: """
            Both are asked of the server, row by row in the same order. Exits with 1 when any row differs by \
            more than --tolerance, relative to the greater of the two answers and 1.
            """)

    @Argument(help: ArgumentHelp("A version, or a model for what answers now.", valueName: "model[@version]"))
    var first: String

    @Argument(help: ArgumentHelp("What to compare it with.", valueName: "model[@version]"))
    var second: String

    @Argument(help: ArgumentHelp("A CSV or JSON file; - is standard input.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("The greatest difference that counts as none.", valueName: "number"))
    var tolerance: Double = 1e-6

    @Option(help: ArgumentHelp("So many of the greatest differences are printed.", valueName: "n"))
    var show: Int = 10

    @Option(help: ArgumentHelp("Rows in one request.", valueName: "n"))
    var batch: Int = 1000

    @Option(help: "How to print: table, or json as one object.")
    var output: OutputFormat = .table

    @OptionGroup var connection: ServerOptions

    func validate() throws {
        guard tolerance >= 0, (0...1000).contains(show), (1...1_000_000).contains(batch) else {
            throw ValidationError("--tolerance must not be negative, --show 0 to 1000, --batch 1 to 1000000")
        }
    }

    func run() throws {
        var comparison = AnswerComparison(tolerance: tolerance, show: show)
        try report { () throws(ControlError) in
            let client = try connection.client()
            var sides = [try Side(first, client), try Side(second, client)]
            guard sides[0].request.features == sides[1].request.features else {
                throw .invalidRows(
                    place: second, reason: "it takes other columns than \(first); they cannot be compared")
            }
            let source = try RowFile.source(file, matcher: FeatureMatcher(sides[0].request.features))
            while true {
                var rows: [[InputCell]] = []
                while rows.count < batch, let row = try source.next() { rows.append(row) }
                if rows.isEmpty { break }
                let before = try sides[0].ask(rows, client)
                comparison.add(before, try sides[1].ask(rows, client))
            }
            guard comparison.rowCount > 0 else { throw .noRows(place: file) }
            Console.output(comparison.text(output))
        }
        if comparison.differentCount > 0 { throw ExitCode(1) }
    }

    /// One of the two that are compared.
    private struct Side {
        var reference: ModelReference
        let request: InferRequest

        init(_ text: String, _ client: ServerClient) throws(ControlError) {
            reference = try ModelReference(parsing: text)
            let metadata = try client.metadata(of: reference)
            request = InferRequest(
                metadata, outputs: metadata.outputs.map(\.name).filter { $0 == "predictions" })
        }

        /// All rows go to the version that answered the first.
        mutating func ask(_ rows: [[InputCell]], _ client: ServerClient) throws(ControlError) -> InferAnswer {
            try client.infer(rows, request, &reference)
        }
    }
}
