// SPDX-License-Identifier: Apache-2.0

/// What answers at one moment: immutable, swapped whole, so that a request sees one state of the registry.
package struct RegistryView: Sendable {
    /// All models that are known, those without a ready version included.
    package internal(set) var models: [String: ModelEntry] = [:]
}

/// One model of a view.
package final class ModelEntry: Sendable {
    package let name: String
    /// Ready versions, the newest first; a handful.
    package let ready: [LoadedModel]
    /// All versions as they stood when something last became ready, was refused or went, the oldest first.
    package let reports: [VersionReport]

    init(name: String, ready: [LoadedModel], reports: [VersionReport]) {
        self.name = name
        self.ready = ready
        self.reports = reports
    }

    /// The version that answers when a request names none.
    package var newest: LoadedModel? { ready.first }

    /// The ready version with this number, as it stands in a path.
    package func version(named text: String) -> LoadedModel? {
        // The versions are compared as text: a number in a path has one spelling.
        for loaded in ready where loaded.versionText == text { return loaded }
        return nil
    }

    /// Why `newest` is nil.
    package var unavailabilityReason: String {
        if let report = reports.last(where: { $0.reason != nil }), let reason = report.reason {
            return "version \(report.version) is \(report.state.name): \(reason)"
        }
        guard let report = reports.last else { return "it has no versions" }
        return "version \(report.version) is \(report.state.name)"
    }
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
