// SPDX-License-Identifier: Apache-2.0

/// The models that are known at one moment; what answers for each of them is its slot's business.
package struct RegistryView: Sendable {
    /// All models that are known, those without a ready version included.
    package internal(set) var models: [String: ModelSlot] = [:]
}

/// What is known of one version.
package struct VersionReport: Sendable, Equatable {
    package var model: String
    package var version: ModelVersion
    /// `ready` as long as it answers, also while changed files of it are looked at.
    package var state: VersionState
    /// Why it is refused; for a ready one, why its changed files are.
    package var reason: String?
}
