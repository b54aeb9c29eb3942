// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Net

/// `modelctl bench`: load against a server, and how long it takes to answer.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Load a running server and measure its answers.",
        discussion: """
            Without --rate each connection sends the next request when it has its answer (closed loop): how \
            much the server can do. With --rate requests are sent at their moments, and each latency counts \
            from there (open loop): what a user waits at that load, the server's pauses included. Any \
            endpoint can be asked, of any server: --path with --body.

              modelctl bench churn --connections 64 --duration 10
              modelctl bench churn --rate 2000 --rows 10 --html report.html
              modelctl bench --path /v1/models/churn:predict --body request.json
            """)

    @Argument(help: ArgumentHelp("The model to ask, with made-up rows.", valueName: "model[@version]"))
    var model: String?

    @Option(help: ArgumentHelp("Rows in each request.", valueName: "n"))
    var rows: Int = 1

    @Option(help: ArgumentHelp("Where to send the body instead.", valueName: "path"))
    var path: String?

    @Option(help: ArgumentHelp("A file to send as it is.", valueName: "file"))
    var body: String?

    @Option(help: ArgumentHelp("The body's media type.", valueName: "type"))
    var contentType: String = "application/json"

    @Option(help: ArgumentHelp("Connections at once.", valueName: "n"))
    var connections: Int = 8

    @Option(help: ArgumentHelp("How long to measure, in seconds.", valueName: "seconds"))
    var duration: Double = 5

    @Option(help: ArgumentHelp("How long to ask before that, in seconds.", valueName: "seconds"))
    var warmUp: Double = 1

    @Option(help: ArgumentHelp("Requests a second, sent at their moments.", valueName: "n"))
    var rate: Double?

    @Option(help: ArgumentHelp("A page with plots to write.", valueName: "file"))
    var html: String?

    @Option(help: "How to print: table, or json with one object.")
    var output: OutputFormat = .table

    @OptionGroup var connection: ServerOptions

    func validate() throws {
        guard (model == nil) != (path == nil) else {
            throw ValidationError("name a model, or give --path with --body")
        }
        guard (path == nil) == (body == nil) else { throw ValidationError("--path and --body go together") }
        guard path?.hasPrefix("/") ?? true else { throw ValidationError("--path begins with a slash") }
        guard (1...100_000).contains(rows) else { throw ValidationError("--rows must be from 1 to 100000") }
        guard (1...10_000).contains(connections) else {
            throw ValidationError("--connections must be from 1 to 10000")
        }
        guard (0.1...86_400).contains(duration), (0...3600).contains(warmUp) else {
            throw ValidationError("--duration must be from 0.1 to 86400, --warm-up from 0 to 3600 seconds")
        }
        if let rate, !(0.01...10_000_000).contains(rate) {
            throw ValidationError("--rate must be from 0.01 to 10000000")
        }
    }

    func run() throws {
        try report { () throws(ControlError) in
            let client = try connection.client()
            let plan = try plan(client)
            let address = Address.ip(host: client.address.host, port: client.address.port)
            let result: LoadResult
            do throws(SystemError) {
                result = try LoadRun.perform(plan, on: address)
            } catch { throw .unreadable(error) }
            let title = "\(client.address)\(plan.path)"
            let report = LoadReport(
                title: title, plan: plan, result: result, rows: model == nil ? nil : rows)
            Console.output(output == .table ? report.text : report.json + "\n")
            if let html {
                do throws(SystemError) {
                    try AtomicFile.write(Array(report.html.utf8).span, to: html)
                } catch { throw .unreadable(error) }
            }
            guard !result.latencies.isEmpty else {
                throw .unreachable(
                    server: client.address.description,
                    reason: result.firstProblem ?? "no request was answered")
            }
        }
    }

    private func plan(_ client: ServerClient) throws(ControlError) -> LoadPlan {
        let target: String
        let bytes: [UInt8]
        if let path, let body {
            target = path
            bytes = try InputStream(body).readAll(after: [], limit: 1 << 30)
        } else {
            let reference = try ModelReference(parsing: model ?? "")
            target = reference.metadataPath + "/infer"
            bytes = Self.madeUp(
                rows: rows, for: InferRequest(try client.metadata(of: reference), outputs: []))
        }
        return LoadPlan(
            path: target, headers: [("Content-Type", contentType)], body: bytes, connections: connections,
            warmUp: .seconds(warmUp), duration: .seconds(duration), rate: rate,
            timeout: .seconds(connection.timeout))
    }

    /// Numbers that look like measured ones, the same in each run; categories are none that was seen.
    static func madeUp(rows: Int, for request: InferRequest) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next() -> Double {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Double(state >> 44) / 1e5 - 5
        }
        let made = (0..<rows).map { _ in
            request.features.map { $0.isText ? InputCell.text("none") : .number(next()) }
        }
        return request.body(made)
    }
}
