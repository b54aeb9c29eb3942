// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc
internal import Registry

/// Why a change of the registry was not made.
package struct RepositoryError: Error, Equatable, CustomStringConvertible {
    /// What a protocol makes a status of.
    package enum Kind: Sendable, Equatable {
        /// The request is wrong.
        case invalid
        case notFound
        /// It does not go together with what is there.
        case conflict
        /// What was sent would be refused if it were served.
        case refused
        case tooLarge
        case full
        /// The system or the disk.
        case fault
    }

    package var kind: Kind
    /// Stable, for machines.
    package var code: String
    package var description: String

    package init(_ kind: Kind, code: String, _ description: String) {
        self.kind = kind
        self.code = code
        self.description = description
    }

    /// - Parameter root: the registry; paths are named as seen from there.
    init(_ error: RegistryError, below root: String) {
        kind =
            switch error {
            case .invalidModelName, .invalidFileName, .notAVersion, .nothingToPublish: .invalid
            case .unknownModel, .unknownVersion: .notFound
            case .notARegistry, .versionTaken, .versionInUse, .invalidChange, .contended, .versionsExhausted:
                .conflict
            case .system(let system): [ENOSPC, EDQUOT].contains(system.code) ? .full : .fault
            default: .refused
            }
        code = error.code
        description = error.description(below: root)
    }
}
