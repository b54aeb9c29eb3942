// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// The JSON Schemas that the document's operations refer to.
enum OpenAPISchemas {
    // MARK: Building blocks

    static func object(
        _ properties: [(String, JSONValue)], required: [String] = [], isOpen: Bool = true
    ) -> JSONValue {
        var members: [(String, JSONValue)] = [("type", "object"), ("properties", .record(properties))]
        if !required.isEmpty { members.append(("required", .array(required.map { .string($0) }))) }
        if !isOpen { members.append(("additionalProperties", .bool(false))) }
        return .record(members)
    }

    static func array(of items: JSONValue, count: Int? = nil, atLeast: Int = 0) -> JSONValue {
        var members: [(String, JSONValue)] = [("type", "array"), ("items", items)]
        if let minimum = count ?? (atLeast > 0 ? atLeast : nil) {
            members.append(("minItems", .integer(Int64(minimum))))
        }
        if let count { members.append(("maxItems", .integer(Int64(count)))) }
        return .record(members)
    }

    static let text: JSONValue = .record([("type", "string")])
    static let boolean: JSONValue = .record([("type", "boolean")])
    static let number: JSONValue = .record([("type", "number")])
    static let anything: JSONValue = .record([])
    /// Numbers may also come as truth values, and not at all.
    static let optionalCell: JSONValue = .record([("type", .array(["number", "boolean", "null"]))])
    static let optionalText: JSONValue = .record([("type", .array(["string", "null"]))])
    static let count: JSONValue = .record([("type", "integer"), ("minimum", .integer(0))])

    private static func reference(_ name: String) -> JSONValue { OpenAPIDocument.reference(name) }

    // MARK: The same for all models

    static let common: [(String, JSONValue)] = [
        ("Error", object([("error", text)], required: ["error"])),
        (
            "InvocationsError",
            .record([
                (
                    "anyOf",
                    .array([
                        object(
                            [("error_code", text), ("message", text)], required: ["error_code", "message"]),
                        reference("Error"),
                    ])
                )
            ])
        ),
        ("Text", text), ("Anything", anything),
        (
            "Job",
            object(
                [
                    ("id", text), ("state", text), ("model", text), ("version", text), ("records", number),
                    ("errors", number), ("bytes", number), ("bytes_done", number),
                ], required: ["id", "state", "model", "version", "records", "errors", "bytes", "bytes_done"])
        ),
        ("Jobs", object([("jobs", array(of: reference("Job")))], required: ["jobs"])),
        (
            "ServerMetadata",
            object(
                [("name", text), ("version", text), ("extensions", array(of: text))],
                required: ["name", "version", "extensions"])
        ),
        ("Live", object([("live", boolean)], required: ["live"])),
        ("Ready", object([("ready", boolean)], required: ["ready"])),
        ("ModelReady", object([("name", text), ("ready", boolean)], required: ["name", "ready"])),
        ("ModelNames", object([("models", array(of: text))], required: ["models"])),
        (
            "Tensor",
            object(
                [
                    ("name", text),
                    ("datatype", .record([("enum", .array(Datatype.allCases.map { .string($0.rawValue) }))])),
                    ("shape", array(of: .record([("type", "integer")]))),
                ], required: ["name", "datatype", "shape"])
        ),
        (
            "ModelMetadata",
            object(
                [
                    ("name", text), ("versions", array(of: text)), ("platform", text),
                    ("inputs", array(of: reference("Tensor"))), ("outputs", array(of: reference("Tensor"))),
                    ("properties", .record([("type", "object"), ("additionalProperties", text)])),
                ], required: ["name", "versions", "platform", "inputs", "outputs"])
        ),
        (
            "Parameters",
            .record([
                ("type", .array(["object", "null"])),
                (
                    "additionalProperties",
                    .record([("type", .array(["string", "number", "boolean"]))])
                ),
            ])
        ),
        ("Statistics", object([("model_stats", array(of: anything))], required: ["model_stats"])),
        ("RepositoryQuery", object([("ready", boolean)])),
        (
            "RepositoryIndex",
            array(
                of: object(
                    [
                        ("name", text), ("version", text), ("reason", text),
                        (
                            "state",
                            .record([("enum", .array(["READY", "LOADING", "UNLOADING", "UNAVAILABLE"]))])
                        ),
                    ], required: ["name"]))
        ),
        (
            "ModelStatus",
            object(
                [("name", text), ("ready", boolean), ("model_version_status", array(of: anything))],
                required: ["name", "ready", "model_version_status"])
        ),
        ("Results", object([("results", array(of: anything))], required: ["results"])),
        ("LoadRequest", object([("model_name", text), ("url", text)], required: ["model_name"])),
    ]

    // MARK: Requests

    static func requests(for model: ServedModel?) -> [(String, JSONValue)] {
        let row = row(of: model)
        return [
            ("InferInput", inferInput(of: model)),
            (
                "InferRequest",
                object(
                    [
                        ("id", optionalText), ("parameters", reference("Parameters")),
                        ("inputs", array(of: reference("InferInput"), atLeast: 1)),
                        (
                            "outputs",
                            .record([
                                ("type", .array(["array", "null"])),
                                (
                                    "items",
                                    object(
                                        [("name", text), ("parameters", reference("Parameters"))],
                                        required: ["name"])
                                ),
                            ])
                        ),
                    ], required: ["inputs"])
            ),
            ("Row", row),
            (
                "InstancesRequest",
                object(
                    [
                        ("instances", array(of: reference("Row"), atLeast: 1)),
                        ("signature_name", .record([("enum", .array(["serving_default", ""]))])),
                    ], required: ["instances"])
            ),
            (
                "ExamplesRequest",
                object(
                    [("examples", array(of: namedRow(of: model), atLeast: 1))], required: ["examples"])
            ),
            (
                "RecordsRequest",
                .record([
                    (
                        "anyOf",
                        .array([
                            .record([("type", "array")]),
                            .record([("type", "object"), ("required", .array(["instances"]))]),
                            .record([("type", "object"), ("required", .array(["inputs"]))]),
                        ])
                    )
                ])
            ),
            (
                "InvocationsRequest",
                object(
                    [("dataframe_records", array(of: namedRow(of: model), atLeast: 1))],
                    required: ["dataframe_records"])
            ),
        ]
    }

    private static func inferInput(of model: ServedModel?) -> JSONValue {
        object(
            [
                ("name", name(of: model)),
                (
                    "datatype",
                    .record([("enum", .array(Datatype.allCases.map { .string($0.rawValue) }))])
                ),
                ("shape", array(of: count, atLeast: 1)), ("data", array(of: anything)),
                ("parameters", reference("Parameters")),
            ], required: ["name", "datatype", "shape"])
    }

    private static func name(of model: ServedModel?) -> JSONValue {
        guard let model else { return text }
        let names =
            model.tensorInputs?.map(\.name)
            ?? model.schema.features.map(\.name)
            + (InputBinder.takesMatrix(model.index) ? [InputBinder.matrixName] : [])
        return .record([("enum", .array(names.map { .string($0) }))])
    }

    /// An instance: all features in their order, or by name.
    private static func row(of model: ServedModel?) -> JSONValue {
        guard let model, model.tensorInputs == nil else { return anything }
        let cells = model.schema.features.map(cell)
        let list: JSONValue = .record([
            ("type", "array"), ("prefixItems", .array(cells)), ("items", .bool(false)),
            ("minItems", .integer(Int64(cells.count))), ("maxItems", .integer(Int64(cells.count))),
        ])
        return .record([("anyOf", .array([list, namedRow(of: model)]))])
    }

    private static func namedRow(of model: ServedModel?) -> JSONValue {
        guard let model, model.tensorInputs == nil else { return .record([("type", "object")]) }
        return object(
            model.schema.features.map { ($0.name, cell($0)) }, required: model.schema.features.map(\.name),
            isOpen: false)
    }

    private static func cell(_ feature: Feature) -> JSONValue {
        guard case .categorical(let categories) = feature.kind else { return optionalCell }
        return .record([
            ("type", .array(["string", "null"])),
            ("examples", .array(categories.prefix(20).map { .string($0) })),
        ])
    }

    // MARK: Answers

    static func answers(for model: ServedModel?) -> [(String, JSONValue)] {
        [
            (
                "InferAnswer",
                object(
                    [
                        ("id", text), ("model_name", text), ("model_version", text),
                        ("outputs", array(of: reference("Tensor"))),
                    ], required: ["model_name", "model_version", "outputs"])
            ),
            (
                "InstancesAnswer",
                object([("predictions", array(of: prediction(of: model)))], required: ["predictions"])
            ),
            (
                "InvocationsAnswer",
                object([("predictions", array(of: prediction(of: model)))], required: ["predictions"])
            ),
        ]
    }

    private static func prediction(of model: ServedModel?) -> JSONValue {
        guard let model, model.tensorInputs == nil, let output = model.outputs.first else { return anything }
        let value =
            switch output.datatype {
            case .bytes: text
            case .int64: JSONValue.record([("type", "integer")])
            default: number
            }
        return output.width.map { array(of: value, count: $0) } ?? value
    }
}
