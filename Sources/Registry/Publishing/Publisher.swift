// SPDX-License-Identifier: Apache-2.0
package import Cryptography

/// Publishes files that are in memory or on this machine: docs/reference/model-store.md, "Publishing".
package enum Publisher {
    /// A file of the version to be published.
    package struct File: Sendable {
        package var name: String
        package var bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    package typealias Step = VersionStaging.Step

    /// Publishes `files` as the next version of `model`, as `VersionStaging.commit` says.
    ///
    /// - Parameter facts: of the run, for the manifest.
    package static func publish(
        _ files: [File], model: String, registryPath: String, facts: [(name: String, value: String)] = [],
        signedBy key: SigningKey? = nil,
        observer: VersionStaging.Observer = { _ throws(RegistryError) in }
    ) throws(RegistryError) -> ModelVersion {
        guard ModelName.isValid(model) else { throw .invalidModelName(model) }
        guard !files.isEmpty else { throw .nothingToPublish }
        for (position, file) in files.enumerated() {
            let isRepeated = files[..<position].contains { $0.name == file.name }
            guard Manifest.isFileName(file.name), !isRepeated else { throw .invalidFileName(file.name) }
        }
        let staging = try VersionStaging(model: model, registryPath: registryPath, observer: observer)
        try observer(.writeFiles)
        for file in files { try staging.add(file.name, file.bytes.span) }
        return try staging.commit(facts: facts, signedBy: key, observer: observer).version
    }
}
