// SPDX-License-Identifier: Apache-2.0
import Base
import HTTP
import Net

/// The questions that modelctl asks a server, over one connection that is kept.
final class ServerClient {
    let address: ServerAddress
    private var client: HTTPClient
    /// The value of `Authorization`; nil: none is sent.
    var authorization: String?

    init(_ address: ServerAddress, timeoutSeconds: Int) {
        self.address = address
        client = HTTPClient(
            .ip(host: address.host, port: address.port), timeout: .seconds(timeoutSeconds))
    }

    /// True when the server answers 200 to `GET /v2/health/ready` (or `live`), false when it says 503.
    func isHealthy(_ probe: String) throws(ControlError) -> Bool {
        let path = "/v2/health/\(probe)"
        let answer = try send(.get, path)
        switch answer.status {
        case 200: return true
        case 503: return false
        default: throw refusal(answer, path)
        }
    }

    func metadata(of model: ModelReference) throws(ControlError) -> ModelMetadata {
        let path = model.metadataPath
        guard let metadata = ModelMetadata(try document(.get, path)) else {
            throw unexpected(path, "no model metadata")
        }
        return metadata
    }

    /// Every version that the registry knows.
    func repositoryIndex() throws(ControlError) -> [ModelState] {
        let path = "/v2/repository/index"
        guard let elements = try document(.post, path, body: Array("{}".utf8)).array else {
            throw unexpected(path, "no list of models")
        }
        var states: [ModelState] = []
        for element in elements {
            guard let name = element["name"]?.string else { throw unexpected(path, "a model without a name") }
            states.append(
                ModelState(
                    name: name, version: element["version"]?.cell ?? "",
                    state: element["state"]?.string ?? "",
                    reason: element["reason"]?.string ?? ""))
        }
        return states
    }

    /// Asks for the answers to rows. A model without a version gets that of the first answer, so that a
    /// version that goes live meanwhile does not mix its answers in.
    func infer(
        _ rows: [[InputCell]], _ request: InferRequest, _ model: inout ModelReference
    ) throws(ControlError) -> InferAnswer {
        let path = model.metadataPath + "/infer"
        let document = try document(.post, path, body: request.body(rows))
        if model.version == nil { model.version = document["model_version"]?.string }
        do throws(InferAnswer.Defect) {
            return try InferAnswer(document, rowCount: rows.count)
        } catch {
            throw unexpected(path, error.reason)
        }
    }

    // MARK: Changes

    /// Makes a change of a model's policy.
    func change(_ model: String, _ change: JSONValue) throws(ControlError) -> JSONValue {
        try document(.post, "\(Self.adminPath(model))/policy", body: Array(change.line.utf8))
    }

    /// Which versions answer, and who decided it.
    func policy(_ model: String) throws(ControlError) -> JSONValue {
        try document(.get, "\(Self.adminPath(model))/policy")
    }

    func delete(_ version: VersionReference) throws(ControlError) {
        _ = try document(.delete, "\(Self.adminPath(version.model))/versions/\(version.version)")
    }

    /// Publishes the files of a tar archive.
    func publish(_ model: String, archive: [UInt8]) throws(ControlError) -> JSONValue {
        try document(
            .post, "\(Self.adminPath(model))/versions", body: archive, type: "application/x-tar")
    }

    func collect(
        _ model: String?, keep: Int, olderThanDays: Int, isRehearsal: Bool
    ) throws(ControlError) -> [JSONValue] {
        var body: JSONObject = [
            "keep": .integer(Int64(keep)), "older_than_days": .integer(Int64(olderThanDays)),
            "dry_run": .bool(isRehearsal),
        ]
        if let model { body["model"] = .string(model) }
        let path = "/admin/gc"
        let answer = try document(.post, path, body: Array(JSONValue.object(body).line.utf8))
        guard let collected = answer["collected"]?.array else { throw unexpected(path, "no list") }
        return collected
    }

    private static func adminPath(_ model: String) -> String {
        "/admin/models/\(ModelReference.percentEncoded(model))"
    }

    func unexpected(_ path: String, _ reason: String) -> ControlError {
        .unexpectedAnswer(server: address.description, path: path, reason: reason)
    }

    private func document(
        _ method: HTTP.Method, _ path: String, body: [UInt8] = [], type: String = "application/json"
    ) throws(ControlError) -> JSONValue {
        let answer = try send(method, path, body: body, type: type)
        guard answer.status == 200 || answer.status == 201 else { throw refusal(answer, path) }
        guard let value = try? JSONValue.parse(answer.body.span) else { throw unexpected(path, "not JSON") }
        return value
    }

    private func send(
        _ method: HTTP.Method, _ path: String, body: [UInt8] = [], type: String = "application/json"
    ) throws(ControlError) -> ClientResponse {
        var headers = body.isEmpty ? [] : [("Content-Type", type)]
        if let authorization { headers.append(("Authorization", authorization)) }
        do throws(HTTPClientError) {
            return try client.send(method, path, headers: headers, body: body)
        } catch {
            switch error {
            case .malformedResponse(_, let reason): throw unexpected(path, reason)
            case .connection, .broken, .timedOut, .responseTooLarge, .invalidRequest:
                throw .unreachable(server: address.description, reason: error.description)
            }
        }
    }

    /// modeld's errors are `{"error": "…"}`; anything else is quoted from its beginning.
    private func refusal(_ answer: ClientResponse, _ path: String) -> ControlError {
        let document = try? JSONValue.parse(answer.body.span)
        let text = document?["error"]?.string ?? String(decoding: answer.body.prefix(200), as: UTF8.self)
        return .refused(
            server: address.description, path: path, status: answer.status,
            message: text.isEmpty ? "(no message)" : text)
    }
}

/// A version in the answer of `POST /v2/repository/index`.
struct ModelState: Equatable, Sendable {
    var name: String
    var version: String
    var state: String
    var reason: String

    var isReady: Bool { state == "READY" }
}
