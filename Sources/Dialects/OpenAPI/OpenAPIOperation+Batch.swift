// SPDX-License-Identifier: Apache-2.0
internal import Base

/// What the document says of files of records and of jobs.
extension OpenAPIOperation {
    /// A parameter behind the question mark.
    struct Parameter {
        var name: String
        var description: String
        var schema: JSONValue

        static func text(_ name: String, _ description: String) -> Parameter {
            Parameter(name: name, description: description, schema: .record([("type", "string")]))
        }

        static func choice(_ name: String, _ description: String, _ values: [String]) -> Parameter {
            Parameter(
                name: name, description: description,
                schema: .record([("type", "string"), ("enum", .array(values.map { .string($0) }))]))
        }
    }

    private static let recordParameters: [Parameter] = [
        .choice("format", "of the records", ["csv", "jsonl", "fp32", "fp64"]),
        .choice("to", "format of the answers", ["csv", "jsonl", "fp32", "fp64", "vertex"]),
        .text("outputs", "outputs to write, separated by commas"),
        .text("keep", "columns or members to copy to the answers, separated by commas"),
        .choice("delimiter", "of CSV", [",", ";", "|", ":", "\t"]),
        .choice("header", "whether the first line of CSV names the columns", ["present", "absent"]),
        .choice("on_error", "what the first bad record does", ["record", "stop"]),
        .choice("summary", "end JSON Lines with a summary", ["true", "false"]),
        .text("key_field", "Vertex AI: the field that names an instance"),
        .text("included_fields", "Vertex AI: only these fields are for the model"),
        .text("excluded_fields", "Vertex AI: these fields are not for the model"),
    ]

    init(_ endpoint: BatchEndpoint) {
        let tag = "Files of records"
        switch endpoint {
        case .records:
            self.init(
                "Predictions for a file of records", tag: tag, answer: nil,
                errors: [400, 404, 406, 413, 415, 503, 507])
            request = Request(schema: "Text", mediaTypes: [.csv, .lines, .bytes])
            answerTypes = [.csv, .lines, .bytes]
            parameters = Self.recordParameters
        case .create:
            self.init(
                "A job that answers a file of records", tag: tag, answer: "Job",
                errors: [400, 401, 403, 404, 406, 409, 413, 415, 503, 507])
            request = Request(schema: "Text", mediaTypes: [.csv, .lines, .bytes], isRequired: false)
            answerStatus = 202
            parameters =
                Self.recordParameters
                + [.text("input", "a file in the directory for files, instead of a body")]
        case .job(let endpoint): self.init(endpoint, tag: tag)
        }
    }

    private init(_ endpoint: BatchEndpoint.JobEndpoint, tag: String) {
        switch endpoint {
        case .list:
            self.init("All jobs", tag: tag, answer: "Jobs", errors: [401, 404])
        case .status: self.init("How far a job is", tag: tag, answer: "Job", errors: [401, 404])
        case .pause, .resume, .cancel:
            let verb = endpoint == .pause ? "Rests" : endpoint == .resume ? "Goes on with" : "Gives up"
            self.init("\(verb) a job", tag: tag, answer: "Job", errors: [401, 404, 409])
        case .result:
            self.init("The answers", tag: tag, answer: nil, errors: [401, 404, 409, 416])
            answerTypes = [.csv, .lines, .bytes]
        case .remove:
            self.init("Removes a job with everything", tag: tag, answer: nil, errors: [401, 404])
            answerStatus = 204
            answerTypes = []
        }
    }
}
