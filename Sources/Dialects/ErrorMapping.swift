// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

extension PredictError {
    /// The status that the dialects answer with. A client's fault is a 4xx, also where other servers say
    /// 500.
    var status: Status {
        switch self {
        case .unknownModel, .unknownVersion, .unknownAlias, .noDefaultModel: .notFound
        case .notReady, .notLoaded, .timedOut, .overloaded: .serviceUnavailable
        case .tooManyRequests: .tooManyRequests
        case .unsupportedMediaType: .unsupportedMediaType
        case .tooManyRows, .answerTooLarge: .contentTooLarge
        case .malformedBody, .missingField, .repeatedField, .invalidField, .unexpectedInput, .repeatedInput,
            .missingInputs, .wrongDatatype, .wrongShape, .wrongElementCount, .wrongValue, .unknownOutput,
            .repeatedOutput, .rowsExceedBody, .infiniteOutput, .notAnswerable, .unsupported:
            .badRequest
        }
    }

    /// An error of reading `body` as one that a client understands: JSON's are given their line and column.
    init(_ error: any Error, in body: Span<UInt8>) {
        switch error {
        case let error as PredictError:
            self = error
        case let error as JSONError:
            let (line, column) = error.position(in: body)
            self = .malformedBody(
                detail: body.isEmpty ? "the body is empty" : error.message, line: line, column: column,
                offset: error.offset, path: error.path(in: body))
        case let error as CSVError:
            self = .malformedBody(
                detail: error.explanation, line: error.line, column: error.column ?? 1)
        default:
            self = .unsupported("\(error)")
        }
    }
}

extension Response {
    /// The same with a status of the dialect's own, and in its words.
    mutating func fail(_ error: PredictError, as status: Status, saying message: String? = nil) {
        fail(status, message ?? error.description)
        addHeaders(of: error)
    }

    /// What every dialect says of an error beside its body: the stable code, and when to try again.
    mutating func addHeaders(of error: PredictError) {
        addHeader("Modeld-Error-Code", error.code)
        switch error {
        case .tooManyRequests, .notLoaded: addHeader("Retry-After", "1" as StaticString)
        case .overloaded(_, let seconds): addHeader("Retry-After", "\(seconds)")
        default: break
        }
    }

    /// The same in TensorFlow Serving's words.
    mutating func fail(_ error: PredictError, _ words: ServingWords) {
        fail(error, as: ServingWords.status(error), saying: words.message(error))
    }

    /// As `fail`, unless the request has only to wait for its model.
    mutating func outcome(of error: PredictError, _ path: PathParameters) -> Outcome {
        if case .notLoaded(let model) = error, !path.hasWaited { return .needsLoading(model: model) }
        fail(error)
        return .answered
    }

    /// Answers with the dialects' common error body, `{"error": "…"}`.
    mutating func fail(_ error: PredictError) {
        fail(error, as: error.status)
    }
}
