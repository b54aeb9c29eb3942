// SPDX-License-Identifier: Apache-2.0
package import Tabular

/// Why a run over records cannot go on.
package enum BatchError: Error, Equatable, Sendable, CustomStringConvertible {
    case header(CSVError)
    case columns(ColumnPlanError)
    case unknownOutput(String, known: [String])
    /// An output whose width is known only after a request.
    case unwritableOutput(String)
    /// A model that cannot be fed with rows of features.
    case takesTensors
    /// The name of a kept column is also that of an output.
    case ambiguousName(String)
    /// Bare numbers cannot carry what is named here.
    case notNumbers(String)
    /// A field that the model needs is held back from it.
    case withheldFeature(String)
    case recordTooLong(line: Int, limit: Int)
    /// An operator of the model's graph failed on the records from a line on.
    case notAnswered(line: Int)
    /// A bad record, where the run is to stop at one.
    case badRecord(RecordError)

    /// A stable name for programs.
    package var code: String {
        switch self {
        case .header(let error): error.code
        case .columns(let error): error.code
        case .unknownOutput: "unknown_output"
        case .unwritableOutput: "unwritable_output"
        case .takesTensors: "takes_tensors"
        case .ambiguousName: "ambiguous_name"
        case .notNumbers: "not_numbers"
        case .withheldFeature: "withheld_feature"
        case .recordTooLong: "record_too_long"
        case .notAnswered: "not_answered"
        case .badRecord(let error): error.code
        }
    }

    package var description: String {
        switch self {
        case .header(let error): error.description
        case .columns(let error): error.description
        case .unknownOutput(let name, let known):
            "the model has no output \"\(name)\"; it has \(known.joined(separator: ", "))"
        case .unwritableOutput(let name):
            "the output \"\(name)\" has a width that is not known beforehand; ask for others"
        case .takesTensors: "the model takes tensors and no rows of features; it has no batch predictions"
        case .ambiguousName(let name):
            "\"\(name)\" is an output; a column of that name cannot be handed on beside it"
        case .notNumbers(let what): "\(what) cannot travel as bare numbers; use csv or jsonl"
        case .withheldFeature(let name):
            "the model needs \"\(name)\"; it can be neither excluded nor the key"
        case .recordTooLong(let line, let limit):
            "line \(line): the record is longer than \(limit) bytes; is a quote not closed?"
        case .notAnswered(let line): "the model's graph failed on the records from line \(line) on"
        case .badRecord(let error): error.description
        }
    }
}
