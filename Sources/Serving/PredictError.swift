// SPDX-License-Identifier: Apache-2.0

/// Why a request was not answered with predictions, free of any protocol: each dialect turns it into a status
/// and a body of its own.
package enum PredictError: Error, Equatable {
    case unknownModel(String)
    case unknownVersion(model: String, version: String)
    /// The model has no alias of that name.
    case unknownAlias(model: String, alias: String)
    /// The model is loaded by its first use, and this is it, or it is under way.
    case notLoaded(model: String)
    /// As many requests of the model wait as its policy allows.
    case tooManyRequests(model: String)
    /// As many requests wait for a worker as may, or for as long as they may.
    case overloaded(waiting: Int, retryAfterSeconds: Int)
    /// The model is known, but no version of it answers now.
    case notReady(model: String, version: String?, reason: String)
    /// The body is not what its content type says: `detail` says what was found, line and column, from 1, and
    /// the bytes before it say where; `path` is that of the JSON value (`inputs[0].shape`).
    case malformedBody(detail: String, line: Int, column: Int, offset: Int? = nil, path: String = "")
    case missingField(String)
    case repeatedField(String)
    case invalidField(String, reason: String)
    /// The row, from 0, is known where rows name their values themselves.
    case unexpectedInput(String, model: String, expected: [String], row: Int? = nil)
    case repeatedInput(String)
    case missingInputs([String], model: String, row: Int? = nil)
    case wrongDatatype(input: String, given: String, expected: String)
    case wrongShape(input: String, given: [Int], expected: String)
    case wrongElementCount(input: String, expected: Int, given: String)
    case wrongValue(input: String, row: Int, reason: String)
    case unknownOutput(String, model: String, available: [String])
    case repeatedOutput(String)
    case tooManyRows(limit: Int)
    /// A value takes at least one byte, so the body cannot hold what its shape says.
    case rowsExceedBody(rows: Int, columns: Int, bodySize: Int)
    /// The explanations of so many rows are more than one answer carries.
    case answerTooLarge(output: String, rows: Int, limit: Int)
    /// JSON has no token for an infinity; `row` counts from 0.
    case infiniteOutput(output: String, row: Int)
    /// The model's graph cannot work with what was sent.
    case notAnswerable(model: String, reason: String)
    case unsupported(String)
    /// A request without a model's name, where there are several and none is the default.
    case noDefaultModel([String])
    /// The body is of a kind that is not read here, or the answer is wanted in one that is not written.
    case unsupportedMediaType(String, supported: [String])
    /// It waited longer for its turn than its sender allowed, in microseconds.
    case timedOut(limit: UInt64)
}

extension PredictError {
    /// A stable name for logs, metrics and clients that branch on it.
    package var code: String {
        switch self {
        case .unknownModel: "unknown_model"
        case .unknownVersion: "unknown_version"
        case .unknownAlias: "unknown_alias"
        case .notLoaded: "not_loaded"
        case .tooManyRequests: "too_many_requests"
        case .overloaded: "overloaded"
        case .notReady: "not_ready"
        case .malformedBody: "malformed_body"
        case .missingField: "missing_field"
        case .repeatedField: "repeated_field"
        case .invalidField: "invalid_field"
        case .unexpectedInput: "unexpected_input"
        case .repeatedInput: "repeated_input"
        case .missingInputs: "missing_inputs"
        case .wrongDatatype: "wrong_datatype"
        case .wrongShape: "wrong_shape"
        case .wrongElementCount: "wrong_element_count"
        case .wrongValue: "wrong_value"
        case .unknownOutput: "unknown_output"
        case .repeatedOutput: "repeated_output"
        case .tooManyRows: "too_many_rows"
        case .rowsExceedBody: "rows_exceed_body"
        case .answerTooLarge: "answer_too_large"
        case .infiniteOutput: "infinite_output"
        case .notAnswerable: "not_answerable"
        case .unsupported: "unsupported"
        case .noDefaultModel: "no_default_model"
        case .unsupportedMediaType: "unsupported_media_type"
        case .timedOut: "timed_out"
        }
    }
}

extension PredictError: CustomStringConvertible {
    /// What was wrong, where, and what would be right; safe to send to the client.
    package var description: String {
        switch self {
        case .unknownModel(let name):
            "Request for unknown model: '\(name)' is not found"
        case .unknownVersion(let model, let version):
            "Request for unknown model: '\(model)' version \(version) is not found"
        case .unknownAlias(let model, let alias):
            "model '\(model)' has no version called '\(alias)'"
        case .notLoaded(let model):
            "model '\(model)' is being loaded; try again"
        case .tooManyRequests(let model):
            "Exceeds maximum queue size: too many requests of model '\(model)' wait; try again"
        case .notReady(let model, let version, let reason):
            version.map { "model '\(model)' version \($0) is not ready: \(reason)" }
                ?? "model '\(model)' is not ready: \(reason)"
        case .overloaded(let waiting, let seconds):
            "the server is overloaded (\(waiting) requests wait); try again in \(seconds) s"
        case .malformedBody(let detail, let line, let column, let offset, let path):
            "the body is not valid at line \(line), column \(column)"
                + (offset.map { " (byte \($0))" } ?? "") + (path.isEmpty ? "" : ", '\(path)'") + ": \(detail)"
        case .missingField(let field):
            "the request has no '\(field)'"
        case .repeatedField(let field):
            "the request has '\(field)' more than once"
        case .invalidField(let field, let reason):
            "'\(field)' is not valid: \(reason)"
        case .unexpectedInput(let name, let model, let expected, let row):
            "unexpected inference input '\(name)'\(inRow(row)) for model '\(model)'; "
                + "it takes \(quoted(expected))"
        case .repeatedInput(let name):
            "input '\(name)' already exists in request"
        case .missingInputs(let names, let model, let row):
            "model '\(model)' got no value for required input(s) \(quoted(names))\(inRow(row))"
        case .wrongDatatype(let input, let given, let expected):
            "inference input '\(input)' data-type is '\(given)', but \(expected) is expected"
        case .wrongShape(let input, let given, let expected):
            "unexpected shape for input '\(input)'. Expected \(expected), got \(given)"
        case .wrongElementCount(let input, let expected, let given):
            "input '\(input)' has \(given), but its shape asks for \(expected) elements"
        case .wrongValue(let input, let row, let reason):
            "input '\(input)', row \(row): \(reason)"
        case .unknownOutput(let name, let model, let available):
            "model '\(model)' has no output '\(name)'; it has \(quoted(available))"
        case .repeatedOutput(let name):
            "output '\(name)' already exists in request"
        case .tooManyRows(let limit):
            "the request has more than \(limit) rows; send fewer rows a request"
        case .rowsExceedBody(let rows, let columns, let bodySize):
            "\(rows) rows of \(columns) features are more values than the \(bodySize) bytes of the body can hold"
        case .answerTooLarge(let output, let rows, let limit):
            "output '\(output)' of \(rows) rows is too large; ask for at most \(limit) rows a request"
        case .infiniteOutput(let output, let row):
            "output '\(output)' of row \(row) is infinite, which JSON cannot carry; ask for binary data"
        case .notAnswerable(let model, let reason):
            "model '\(model)' cannot answer this request: \(reason)"
        case .unsupported(let what):
            what
        case .noDefaultModel(let names):
            names.isEmpty
                ? "there is no model to answer"
                : "the request names no model, and there is no default among \(quoted(names)); "
                    + "set default_model"
        case .unsupportedMediaType(let given, let supported):
            "'\(given)' is not supported; supported are \(supported.joined(separator: ", "))"
        case .timedOut(let limit):
            "Request timeout expired: it waited longer than \(limit) microseconds"
        }
    }

    /// The same in the row `row`, for those that say which inputs there are.
    package func inRow(_ row: Int) -> PredictError {
        switch self {
        case .unexpectedInput(let name, let model, let expected, nil):
            .unexpectedInput(name, model: model, expected: expected, row: row)
        case .missingInputs(let names, let model, nil): .missingInputs(names, model: model, row: row)
        default: self
        }
    }

    private func inRow(_ row: Int?) -> String { row.map { " in row \($0)" } ?? "" }

    /// At most a few names: a model may have thousands of columns, an error message may not.
    private func quoted(_ names: [String]) -> String {
        let shown = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }
}
