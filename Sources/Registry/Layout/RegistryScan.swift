// SPDX-License-Identifier: Apache-2.0
package import Base

/// What one look at the registry found.
package struct RegistryScan: Sendable {
    /// Versions by model and number.
    package var models: [String: [ModelVersion: VersionListing]] = [:]
    /// The files of models' policies, where there are any.
    package var policies: [String: PolicyListing] = [:]
    /// Models whose directory is there but could not be read; nothing is known of their versions.
    package var unreadableModels: [String: SystemError] = [:]
    /// What stands where it cannot be served.
    package var problems: [ScanProblem] = []
    /// Directories whose changes matter.
    package var directories: [String] = []
    /// Its directories are models, not versions.
    package var isRegistry = false
    /// Models of which something stands behind a symbolic link.
    var linkedModels: Set<String> = []
}

/// Where the policy of a model stands: docs/reference/model-policy.md.
package struct PolicyListing: Sendable, Hashable {
    /// `model.yaml`
    package var file: VersionListing.File?
    /// The newest revision.
    package var revision: Revision?

    package struct Revision: Sendable, Hashable {
        package var number: Int64
        package var file: VersionListing.File
    }

    var isEmpty: Bool { file == nil && revision == nil }
}

/// The files of one version as the file system shows them.
package struct VersionListing: Sendable, Equatable {
    package var model: String
    package var version: ModelVersion
    /// Of the version; of the file itself when the registry is a bare file.
    package var path: String
    /// In order of names, without dot-names.
    package var files: [File]
    var placement = Placement.registry

    /// What of the model's name and version the path says.
    enum Placement: Sendable {
        /// Both: `<registry>/<model>/<version>`.
        case registry
        /// The version; the operator names the model.
        case model
        case alone
    }

    package struct File: Sendable, Hashable {
        package var name: String
        package var path: String
        package var facts: FileFacts
    }

    func file(named name: String) -> File? { files.first { $0.name == name } }

    /// The files that may be the model: regular, and no companion unless nothing else is there.
    var candidates: [File] {
        let regular = files.filter { $0.facts.kind == .regular && !Companion.isReserved($0.name) }
        let likely = regular.filter { !Companion.looksLikeText($0.name) }
        return likely.isEmpty ? regular : likely
    }

    /// When the youngest file was written, in nanoseconds since the epoch.
    var modified: Int64 { files.map(\.facts.modified).max() ?? 0 }
}

/// Names in a version's directory that are not the model file.
enum Companion {
    static let manifest = "manifest.json"
    static let samples = "samples.jsonl"
    static let signature = "model.sig"
    /// The layers of a network whose weights are a safetensors file.
    static let architecture = "architecture.json"

    static func isReserved(_ name: String) -> Bool {
        [manifest, samples, architecture, signature, "model.yaml"].contains(name)
    }

    /// Files that people put beside a model. A LightGBM model ends in .txt, so alone it is looked at.
    static func looksLikeText(_ name: String) -> Bool {
        [".md", ".txt", ".yaml", ".yml", ".sig", ".csv"].contains { name.hasSuffix($0) }
    }
}

/// Something in the registry that is no model, and why.
package struct ScanProblem: Sendable, Hashable {
    package var path: String
    package var reason: String
}
