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
        case .unknownModel, .unknownVersion, .noDefaultModel: .notFound
        case .notReady, .timedOut: .serviceUnavailable
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
            self = .malformedBody(detail: error.message, line: line, column: column)
        case let error as CSVError:
            self = .malformedBody(
                detail: error.explanation, line: error.line, column: error.column ?? 1)
        default:
            self = .unsupported("\(error)")
        }
    }
}

extension Response {
    /// Answers with the dialects' common error body, `{"error": "…"}`.
    mutating func fail(_ error: PredictError) {
        fail(error.status, error.description)
    }
}
