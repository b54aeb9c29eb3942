// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import HTTP
import Net
import Serving
import Tabular

/// A run that a daemon does: records are sent as they are, answers are written as they come.
///
/// State: used by one thread.
final class BatchServerRun: BodySource, BodySink {
    private let target: String
    private let headers: [(String, String)]
    private let inputName: String
    private let input: FileDescriptor
    private let progress: BatchProgress?
    private var output: BatchOutput
    private var client: HTTPClient
    private var failure: BatchFailure?
    private var bytesSent = 0

    private static let pieceBytes = 1 << 18

    init(
        _ address: ServerAddress, _ model: ModelReference, _ options: BatchOptions, input: String,
        output: String, timeoutSeconds: Int, showsProgress: Bool
    ) throws(BatchFailure) {
        inputName = input == "-" ? "standard input" : input
        do { self.input = try FileDescriptor(reading: input) } catch { throw BatchFailure(error) }
        let size = input == "-" ? nil : try? FileFacts(of: input).size
        progress = showsProgress ? BatchProgress(size: size.map { Int($0) }) : nil
        self.output = try BatchOutput(output)
        client = HTTPClient(
            .ip(host: address.host, port: address.port), timeout: .seconds(timeoutSeconds))
        target = model.metadataPath + "/batch?" + Self.query(options)
        headers =
            [("Content-Type", "application/octet-stream")]
            + (input.hasSuffix(".gz") ? [("Content-Encoding", "gzip")] : [])
    }

    /// Sends everything and writes the answers; returns how many records there were.
    func run() throws(BatchFailure) -> BatchCounts {
        let answer: ClientResponse
        do throws(HTTPClientError) {
            answer = try client.upload(target, headers: headers, from: self, to: self)
        } catch {
            progress?.finish()
            if let failure { throw failure }
            if case .invalidRequest(let reason) = error { throw .permanent(reason) }
            throw .temporary(error.description)
        }
        progress?.finish()
        guard answer.status == 200 else { throw Self.refusal(answer) }
        var counts = BatchCounts()
        counts.records = answer.header("Modeld-Records").flatMap { Int($0) } ?? 0
        counts.errors = answer.header("Modeld-Errors").flatMap { Int($0) } ?? 0
        _ = try output.finish()
        return counts
    }

    func give(_ piece: inout ByteBuffer) -> Bool {
        do throws(BatchFailure) {
            bytesSent += try BatchReader.read(input, inputName, into: &piece, Self.pieceBytes)
            progress?.advance(records: nil, errors: 0, bytes: bytesSent)
            return true
        } catch {
            failure = error
            return false
        }
    }

    func take(_ bytes: Span<UInt8>) -> Bool {
        do throws(BatchFailure) {
            try output.write(bytes)
            return true
        } catch {
            failure = error
            return false
        }
    }

    /// What is refused now may be answered later: a full disk, a model that is not ready, too much to do.
    private static func refusal(_ answer: ClientResponse) -> BatchFailure {
        let document = try? JSONValue.parse(answer.body.span)
        let reason = document?["error"]?.string ?? answer.bodyText.prefix(200).description
        let text = "the server said \(answer.status): \(reason)"
        return answer.status >= 500 || answer.status == 429 ? .temporary(text) : .permanent(text)
    }

    private static func query(_ options: BatchOptions) -> String {
        var pairs = [("format", options.input.rawValue), ("to", options.output.rawValue)]
        func add(_ name: String, _ names: [String]) {
            if !names.isEmpty { pairs.append((name, names.joined(separator: ","))) }
        }
        add("outputs", options.outputs)
        add("keep", options.kept)
        if options.output == .vertex {
            add("key_field", options.vertex.key.map { [$0] } ?? [])
            add("included_fields", options.vertex.included)
            add("excluded_fields", options.vertex.excluded)
        }
        if options.csv.delimiter != UInt8(ascii: ",") {
            pairs.append(("delimiter", String(Character(Unicode.Scalar(options.csv.delimiter)))))
        }
        if !options.hasHeader { pairs.append(("header", "absent")) }
        if options.stopsAtBadRecord { pairs.append(("on_error", "stop")) }
        return pairs.map { "\($0)=\(ModelReference.percentEncoded($1))" }.joined(separator: "&")
    }
}
