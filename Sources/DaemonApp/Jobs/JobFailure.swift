// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Registry
internal import Serving

/// Why a step of a job did not happen.
enum JobFailure: Error, CustomStringConvertible {
    /// It may pass: a full disk, an error of the device. The job waits and tries again.
    case temporary(SystemError)
    /// Trying again gives the same.
    case permanent(String)

    var description: String {
        switch self {
        case .temporary(let error): error.description
        case .permanent(let reason): reason
        }
    }
}
