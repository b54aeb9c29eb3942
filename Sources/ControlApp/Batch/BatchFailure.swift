// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Glibc
import Serving

/// Why `modelctl batch` did not do what it was asked, in the two kinds that those who start it tell apart.
enum BatchFailure: Error, Equatable, CustomStringConvertible {
    /// Trying again gives the same: a wrong model, option or file.
    case permanent(String)
    /// Trying again may help: no space, a file that cannot be read now.
    case temporary(String)
    /// Nobody reads standard output any more.
    case readerGone

    init(_ error: SystemError) {
        // A file that is not there will not come; all else may pass.
        self =
            error.code == ENOENT || error.code == EISDIR
            ? .permanent(error.description)
            : .temporary(error.description)
    }

    init(_ error: BatchError, in place: String) { self = .permanent("\(place): \(error)") }

    var description: String {
        switch self {
        case .permanent(let reason), .temporary(let reason): reason
        case .readerGone: "standard output was closed"
        }
    }

    var exitStatus: Int32 {
        switch self {
        case .permanent: 2
        case .temporary: 75
        case .readerGone: 0
        }
    }

    /// Runs the body of a subcommand: what it throws becomes a line on standard error and the exit status.
    static func report(_ body: () throws(BatchFailure) -> Int32) throws {
        let status: Int32
        do throws(BatchFailure) {
            status = try body()
        } catch {
            if error != .readerGone {
                Console.error("modelctl: \(TextTable.printable(error.description))")
            }
            throw ExitCode(error.exitStatus)
        }
        if status != 0 { throw ExitCode(status) }
    }
}
