// SPDX-License-Identifier: Apache-2.0
package import Base
package import Inference

/// The files of one version, kept apart from the registry for as long as somebody needs them: a directory
/// laid out as a registry of its own, so that neither a removal nor a new version can reach them.
package enum PinnedModel {
    /// Links the files of a version of the registry at `registry` into `directory`, or copies them where no
    /// link can be made.
    ///
    /// - Parameter endsAtBestIteration: trees after the best iteration are left out, as in the model that
    ///   answers; a policy says so to `load`.
    package static func pin(
        _ model: String, _ version: String, endsAtBestIteration: Bool, of registry: String,
        into directory: String
    ) throws(SystemError) {
        let scan = try RegistryScanner(path: registry).scan()
        guard let version = ModelVersion(version), let listing = scan.models[model]?[version] else {
            throw SystemError("pin", on: "\(registry)/\(model)/\(version)", code: 2)
        }
        let target = "\(directory)/\(model)/\(version)"
        try Directory.make(target)
        for file in listing.files where file.facts.kind == .regular {
            try HardLink.make(from: file.path, to: "\(target)/\(file.name)")
        }
        if endsAtBestIteration {
            let policy = Array("best_iteration: true\n".utf8)
            try AtomicFile.write(policy.span, to: "\(directory)/\(model)/\(PolicyFile.name)")
        }
        try AtomicFile.syncDirectory(target)
        try AtomicFile.syncDirectory("\(directory)/\(model)")
        try AtomicFile.syncDirectory(directory)
    }

    /// The model that was pinned in `directory`, compiled.
    ///
    /// - Parameter digest: SHA-256 of its file when it was pinned.
    package static func load(
        _ directory: String, digest: String, engine: ONNXEngine
    ) throws(RegistryError) -> CompiledModel {
        let scan: RegistryScan
        do { scan = try RegistryScanner(path: directory).scan() } catch { throw .system(error) }
        guard let listing = scan.models.values.first?.values.first else {
            throw .noModelFile(directory: directory)
        }
        let options = LoadOptions(try policy(scan.policies[listing.model]))
        let loader = ModelLoader(root: directory, trust: .off, engine: engine)
        let loaded = try loader.load(listing, options: options)
        guard loaded.digest == digest else {
            throw .digestMismatch(file: listing.path, stated: digest, actual: loaded.digest)
        }
        return loaded.model
    }

    private static func policy(_ listing: PolicyListing?) throws(RegistryError) -> ModelPolicy {
        guard let file = listing?.file else { return ModelPolicy() }
        let text: [UInt8]
        do { text = try File.read(file.path, limit: PolicyFile.sizeLimit) } catch { throw .system(error) }
        do { return try PolicyFile.parse(text.span) } catch {
            throw .malformedPolicy(file: file.path, error)
        }
    }
}
