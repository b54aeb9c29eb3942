// SPDX-License-Identifier: Apache-2.0
internal import Base
package import HTTP
package import Serving

package enum AdminEndpoint: Sendable, Equatable {
    case publish, delete, policy, change, collect
    /// Of Open Inference's model repository extension.
    case load, unload
}

extension AdminEndpoint {
    package static let routes: [Route<AdminEndpoint>] = [
        Route(.post, "/admin/models/{model}/versions", .publish),
        Route(.delete, "/admin/models/{model}/versions/{version}", .delete),
        Route(.get, "/admin/models/{model}/policy", .policy),
        Route(.post, "/admin/models/{model}/policy", .change),
        Route(.post, "/admin/gc", .collect),
        Route(.post, "/v2/repository/models/{model}/load", .load),
        Route(.post, "/v2/repository/models/{model}/unload", .unload),
    ]
}

/// Changes of the registry over HTTP: `docs/protocols/admin.md`. Everything here waits for the disk.
package struct AdminDialect: Sendable {
    private let repository: RepositoryService

    package init(repository: RepositoryService) { self.repository = repository }

    /// Where the body of a request to publish goes; nil, and an answer, when it does not say what it sends.
    package func upload(
        _ path: PathParameters, _ request: borrowing Request, _ response: inout Response
    ) -> VersionUpload? {
        if let type = request.header("Content-Type"), type.equals("application/x-tar") {
            return repository.upload(path.model, .archive)
        }
        guard let name = request.queryValue("file"), !name.isEmpty else {
            response.fail(
                .badRequest, "name the file with ?file=NAME, or send a tar archive as application/x-tar")
            return nil
        }
        let sha256 = request.queryValue("sha256")?.lowercased()
        if let sha256, sha256.utf8.count != 64 {
            response.fail(.badRequest, "'sha256' must be 64 hexadecimal digits")
            return nil
        }
        return repository.upload(path.model, .file(name: name, sha256: sha256))
    }

    /// Answers; `upload` is what took the body of a request to publish.
    package func answer(
        _ endpoint: AdminEndpoint, _ path: PathParameters, actor: RepositoryService.Actor,
        upload: VersionUpload?, _ request: borrowing Request, _ response: inout Response
    ) {
        do throws(RepositoryError) {
            let document: JSONValue
            switch endpoint {
            case .publish:
                guard let upload else {
                    throw RepositoryError(.invalid, code: "nothing_to_publish", "there is no file to publish")
                }
                document = try repository.publish(upload, actor: actor)
                response.status = .created
            case .delete:
                try repository.delete(path.model, version: path.version ?? "", actor: actor)
                document = .object(["model": .string(path.model), "deleted": .bool(true)])
            case .policy: document = try repository.policy(path.model)
            case .change: document = try repository.change(path.model, try body(request), actor: actor)
            case .collect: document = try repository.collect(try body(request), actor: actor)
            case .load, .unload:
                try refuseOverrides(request)
                if endpoint == .load {
                    try repository.load(path.model, actor: actor)
                } else {
                    try repository.unload(path.model, actor: actor)
                }
                return
            }
            document.write(into: &response.body)
        } catch {
            response.fail(error)
        }
    }

    /// Triton takes a configuration, and files, in a request to load; here a model is what was published.
    private func refuseOverrides(_ request: borrowing Request) throws(RepositoryError) {
        if request.body.isEmpty { return }
        guard let members = try body(request).object?.members, members.allSatisfy({ $0.key == "parameters" })
        else {
            throw RepositoryError(.invalid, code: "malformed_body", "only 'parameters' may stand in the body")
        }
        let parameters = members.first?.value.object?.members ?? []
        if let other = parameters.first(where: { $0.key != "unload_dependents" }) {
            throw RepositoryError(
                .invalid, code: "unsupported_parameter",
                "the parameter '\(other.key)' is not supported: models are loaded as they were published")
        }
    }

    private func body(_ request: borrowing Request) throws(RepositoryError) -> JSONValue {
        do {
            return try JSONValue.parse(request.body)
        } catch {
            let place = error.position(in: request.body)
            throw RepositoryError(
                .invalid, code: "malformed_body",
                "the body is no JSON: line \(place.line), column \(place.column): \(error.message)")
        }
    }
}

extension Response {
    /// `{"error": "…", "code": "…"}`
    package mutating func fail(_ error: RepositoryError) {
        let status: Status =
            switch error.kind {
            case .invalid: .badRequest
            case .notFound: .notFound
            case .conflict: .conflict
            case .refused: .unprocessableContent
            case .tooLarge: .contentTooLarge
            case .full: Status(507)
            case .fault: .internalServerError
            }
        self.status = status
        contentType = .json
        body.clear()
        body.append("{\"error\":")
        body.append(quoted: error.description)
        body.append(",\"code\":")
        body.append(quoted: error.code)
        body.append("}")
    }
}
