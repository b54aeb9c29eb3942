// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Registry

/// `modelctl list`: which models there are, and which of them answer.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List models with their versions and states.",
        discussion: """
            Asks a running server, or with --registry checks a directory as the server would before \
            serving it.
            """)

    @OptionGroup var connection: ServerOptions

    @Option(help: ArgumentHelp("Look into this registry instead of asking a server.", valueName: "dir"))
    var registry: String?

    @Option(help: "How to print: table, or json with one object a line.")
    var output: OutputFormat = .table

    /// A line of the list.
    struct Row: Equatable {
        var name: String
        var version: String
        /// The server's word, for instance READY; CHECKED or REFUSED for a registry.
        var state: String
        var format: String
        var isReady: Bool
        var reason: String
    }

    func run() throws {
        try report { () throws(ControlError) in
            let rows = if let registry { Self.rows(inRegistry: registry) } else { try rowsOfServer() }
            Console.output(Self.render(rows, output))
        }
    }

    private func rowsOfServer() throws(ControlError) -> [Row] {
        let client = try connection.client()
        var rows: [Row] = []
        for state in try client.repositoryIndex() {
            var format = ""
            if state.isReady, let reference = try? ModelReference(parsing: "\(state.name)@\(state.version)") {
                // A version that was unloaded since the index was written is no reason to fail.
                format = (try? client.metadata(of: reference))?.platform ?? ""
            }
            rows.append(
                Row(
                    name: state.name, version: state.version, state: state.state, format: format,
                    isReady: state.isReady, reason: state.reason))
        }
        return rows
    }

    private static func rows(inRegistry path: String) -> [Row] {
        let report = RegistryVerifier.verify(path)
        let good = report.verified.map {
            Row(
                name: $0.model, version: "\($0.version)", state: "CHECKED", format: $0.format, isReady: true,
                reason: "")
        }
        let bad = report.problems.map { problem in
            let parts = problem.path.split(separator: "/").map { String($0) }
            let isVersion = parts.count >= 2 && ModelVersion(parts[parts.count - 1]) != nil
            return Row(
                name: isVersion ? parts[parts.count - 2] : problem.path,
                version: isVersion ? parts[parts.count - 1] : "", state: "REFUSED", format: "",
                isReady: false,
                reason: problem.reason)
        }
        return good + bad
    }

    static func render(_ rows: [Row], _ output: OutputFormat) -> String {
        switch output {
        case .table:
            if rows.isEmpty { return "no models\n" }
            var table = TextTable(["MODEL", "VERSION", "STATE", "FORMAT", "REASON"])
            for row in rows { table.append([row.name, row.version, row.state, row.format, row.reason]) }
            return table.takeAll()
        case .json:
            return rows.map { row in
                JSONValue.object(
                    JSONObject(pairs: [
                        ("name", .string(row.name)), ("version", .string(row.version)),
                        ("state", .string(row.state)), ("ready", .bool(row.isReady)),
                        ("format", row.format.isEmpty ? nil : .string(row.format)),
                        ("reason", row.reason.isEmpty ? nil : .string(row.reason)),
                    ])
                ).line + "\n"
            }.joined()
        }
    }
}
