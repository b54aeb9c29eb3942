// SPDX-License-Identifier: Apache-2.0
import Base
import Registry

/// Why a command could not do what it was asked, in one line: what, where, what to do.
package enum ControlError: Error, Equatable, CustomStringConvertible {
    case invalidServer(text: String, source: String)
    /// No connection, or one that broke; `reason` is the system's or the client's.
    case unreachable(server: String, reason: String)
    /// `modelctl health` has its answer, and it is no.
    case unhealthy(String)
    /// The server said no, in its own words.
    case refused(server: String, path: String, status: Int, message: String)
    /// An answer that modeld does not give: is it another program?
    case unexpectedAnswer(server: String, path: String, reason: String)
    case invalidModelReference(String)
    case unknownModel(name: String, place: String)
    case unreadable(SystemError)
    case notAModel(path: String, reason: String)
    /// Rows that do not fit the model, or are no rows. `place` names the file and line, or the row.
    case invalidRows(place: String, reason: String)
    case noRows(place: String)
    /// A file that should hold a key, and why it does not.
    case notAKey(path: String, reason: String)
    /// What was to be done to a registry on this machine cannot be done; nothing was changed.
    case registry(code: String, reason: String, exitStatus: Int32)

    /// A stable name of the defect, for machines.
    package var code: String {
        switch self {
        case .invalidServer: "invalid_server"
        case .unreachable: "unreachable"
        case .unhealthy: "unhealthy"
        case .refused: "refused"
        case .unexpectedAnswer: "unexpected_answer"
        case .invalidModelReference: "invalid_model_reference"
        case .unknownModel: "unknown_model"
        case .unreadable: "unreadable"
        case .notAModel: "not_a_model"
        case .invalidRows: "invalid_rows"
        case .noRows: "no_rows"
        case .notAKey: "not_a_key"
        case .registry(let code, _, _): code
        }
    }

    /// The exit status, by the conventions of sysexits.h; `docs/reference/cli.md` lists them.
    package var exitStatus: Int32 {
        switch self {
        case .invalidServer, .invalidModelReference: 64
        case .invalidRows, .noRows, .notAModel, .unknownModel, .notAKey: 65
        case .registry(_, _, let status): status
        case .unreadable: 66
        case .unhealthy: 1
        case .unreachable: 69
        case .refused(_, _, let status, _): status >= 500 ? 69 : 65
        case .unexpectedAnswer: 76
        }
    }

    package var description: String {
        switch self {
        case .invalidServer(let text, let source):
            "\(source): \"\(text)\" is not a server; write http://HOST:PORT"
        case .unreachable(let server, let reason):
            "cannot reach \(server): \(reason); is modeld running? --server or MODELCTL_SERVER say where"
        case .unhealthy(let reason): reason
        case .refused(let server, let path, let status, let message):
            "\(server)\(path) answered \(status): \(message)"
        case .unexpectedAnswer(let server, let path, let reason):
            "\(server)\(path) does not answer like modeld (\(reason)); is another program listening there?"
        case .invalidModelReference(let text):
            "\"\(text)\" is not a model; write MODEL or MODEL@VERSION, the version being a whole number"
        case .unknownModel(let name, let place):
            "there is no model \(name) in \(place); modelctl list shows what there is"
        case .unreadable(let error): error.description
        case .notAModel(let path, let reason): "\(path): \(reason)"
        case .invalidRows(let place, let reason): "\(place): \(reason)"
        case .noRows(let place): "\(place): there are no rows"
        case .notAKey(let path, let reason): "\(path): \(reason)"
        case .registry(_, let reason, _): reason
        }
    }
}

extension ControlError {
    init(_ error: RegistryError) {
        let status: Int32 =
            switch error {
            case .system: 74
            case .invalidModelName, .invalidFileName, .notAVersion: 64
            default: 65
            }
        self = .registry(code: error.code, reason: error.description, exitStatus: status)
    }
}
