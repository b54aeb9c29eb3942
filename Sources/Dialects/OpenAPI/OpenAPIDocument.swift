// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

/// The OpenAPI 3.1 document of the server, made from the routing table; or of one model, with the shapes and
/// names of its own inputs and outputs.
struct OpenAPIDocument {
    let serverVersion: String
    /// Nil: the whole server.
    let model: ServedModel?

    func write(into body: inout ByteBuffer) { document.write(into: &body) }

    private var document: JSONValue {
        .record([
            ("openapi", "3.1.0"),
            (
                "info",
                .record([
                    ("title", .string(model.map { "modeld: model \($0.name)" } ?? "modeld")),
                    ("version", .string(serverVersion)), ("license", .record([("name", "Apache-2.0")])),
                ])
            ),
            ("paths", .record(paths)),
            ("components", .record([("schemas", .record(schemas))])),
        ])
    }

    // MARK: Paths

    private var paths: [(String, JSONValue)] {
        var paths: [(key: String, operations: [(String, JSONValue)])] = []
        for route in Self.routes {
            guard let key = path(of: route) else { continue }
            let method = "\(route.method.name)".lowercased()
            let operation = (method, describe(route.endpoint.description, method, key))
            if let index = paths.firstIndex(where: { $0.key == key }) {
                paths[index].operations.append(operation)
            } else {
                paths.append((key, [operation]))
            }
        }
        return paths.map { ($0.key, .record($0.operations)) }
    }

    private struct Operation {
        var description: OpenAPIOperation
        /// Asks one model by its name.
        var isOfModel: Bool
    }

    private static var routes: [Route<Operation>] {
        let dialects = Endpoint.routes.map { route in
            let isOfModel =
                route.pattern.contains("{model}") && route.ignoredCaptures == 0
                && route.endpoint != .document(.model)
            return route.leading { Operation(description: OpenAPIOperation($0), isOfModel: isOfModel) }
        }
        let batch = BatchEndpoint.routes.map { route in
            let isOfModel = route.pattern.contains("{model}")
            return route.leading { Operation(description: OpenAPIOperation($0), isOfModel: isOfModel) }
        }
        return dialects + batch
    }

    /// As in the table; for one model its own name stands in it, and routes of no model are left out.
    private func path(of route: Route<Operation>) -> String? {
        guard let model else { return route.pattern }
        guard route.endpoint.isOfModel else { return nil }
        return route.pattern.replacing("{model}", with: model.name).replacing(
            "{version}", with: model.version)
    }

    private func describe(_ operation: OpenAPIOperation, _ method: String, _ key: String) -> JSONValue {
        var operation = operation
        // A name may be no text at all, once its escapes are resolved.
        if key.contains("{") && !operation.errors.contains(400) { operation.errors.insert(400, at: 0) }
        let name = "\(method)\(key)".map { $0.isLetter || $0.isNumber ? $0 : "_" }
        var members: [(String, JSONValue)] = [
            ("operationId", .string(String(name))), ("tags", .array([.string(operation.tag)])),
            ("summary", .string(operation.summary)),
        ]
        let parameters = key.split(separator: "{").dropFirst().compactMap { $0.split(separator: "}").first }
        let described =
            parameters.map { Self.parameter(String($0)) } + operation.parameters.map(Self.parameter)
        if !described.isEmpty { members.append(("parameters", .array(described))) }
        if let request = operation.request {
            let media = request.mediaTypes.map { type -> (String, JSONValue) in
                (type.name, .record([("schema", type.isJSON ? Self.reference(request.schema) : type.schema)]))
            }
            members.append(
                (
                    "requestBody",
                    .record([("required", .bool(request.isRequired)), ("content", .record(media))])
                ))
        }
        members.append(("responses", .record(responses(operation))))
        return .record(members)
    }

    private static func parameter(_ name: String) -> JSONValue {
        .record([
            ("name", .string(name)), ("in", "path"), ("required", .bool(true)),
            ("schema", .record([("type", "string"), ("pattern", "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")])),
        ])
    }

    private static func parameter(_ parameter: OpenAPIOperation.Parameter) -> JSONValue {
        .record([
            ("name", .string(parameter.name)), ("in", "query"),
            ("description", .string(parameter.description)), ("schema", parameter.schema),
        ])
    }

    private func responses(_ operation: OpenAPIOperation) -> [(String, JSONValue)] {
        var responses: [(String, JSONValue)] = []
        if operation.isAnswered {
            let schema: JSONValue = operation.answer.map(Self.reference) ?? .record([("type", "string")])
            let media = operation.answerTypes.map { type -> (String, JSONValue) in
                (type.name, .record([("schema", type.isJSON ? schema : type.schema)]))
            }
            var answer: [(String, JSONValue)] = [("description", "the answer")]
            if !media.isEmpty { answer.append(("content", .record(media))) }
            responses.append(("\(operation.answerStatus)", .record(answer)))
        }
        for status in operation.errors {
            responses.append(
                (
                    "\(status)",
                    .record([
                        ("description", .string(Self.meaning(of: status))),
                        (
                            "content",
                            .record([
                                (
                                    operation.errorType.name,
                                    .record([("schema", Self.reference(operation.errorSchema))])
                                )
                            ])
                        ),
                    ])
                ))
        }
        return responses
    }

    private static func meaning(of status: Int) -> String {
        switch status {
        case 400: "the request is wrong; the message says what and where"
        case 401: "a key is needed"
        case 403: "not done over HTTP here"
        case 404: "there is no such model, version or job"
        case 406: "a media type that is not written"
        case 409: "not in this state"
        case 413: "too many rows or bytes"
        case 415: "a media type that is not read or not written"
        case 416: "no such part of it"
        case 507: "no room on the disk"
        case 503: "not ready, or too much is waiting; see Retry-After"
        default: "an error"
        }
    }

    static func reference(_ schema: String) -> JSONValue {
        .record([("$ref", .string("#/components/schemas/\(schema)"))])
    }

    // MARK: Schemas

    private var schemas: [(String, JSONValue)] {
        OpenAPISchemas.common + OpenAPISchemas.requests(for: model) + OpenAPISchemas.answers(for: model)
    }
}
