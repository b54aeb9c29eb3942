// SPDX-License-Identifier: Apache-2.0
internal import Base
package import Cryptography

/// Signs versions that stand in a registry: for `modelctl sign`.
package enum VersionSigner {
    package struct Signed: Sendable, Equatable {
        package var model: String
        package var version: ModelVersion
        package var path: String
        /// Of the key, as in the bundle.
        package var fingerprint: String
        /// The files that the signature covers, the manifest among them.
        package var files: [String]
    }

    /// Checks the version at `directory`, `<registry>/<model>/<version>`, as a server would, and writes its
    /// `model.sig`. One that has no manifest is given one first, since nothing else binds a signature to a
    /// model and a version. Signing again replaces the signature in one step.
    ///
    /// - Throws: `notAVersion` for another path, and whatever a server would refuse the version for.
    package static func sign(
        _ directory: String, with key: SigningKey
    ) throws(RegistryError) -> Signed {
        let listing = try list(directory)
        _ = try ModelLoader(root: listing.path).load(listing)
        if listing.file(named: Companion.manifest) == nil {
            try writeManifest(of: listing)
        }
        let complete = try list(directory)
        let files = VersionFiles(complete, root: complete.path, sizeLimit: ModelLoader.fileSizeLimit)
        let digests = try files.allDigests()
        let statement = SignedStatement(
            subject: "\(complete.version)",
            files: digests.map { SignedStatement.File(name: $0.name, sha256: $0.sha256) })
        let text = SignatureBundle(signing: statement, with: key).encoded
        try write(text, to: "\(complete.path)/\(Companion.signature)")
        return Signed(
            model: complete.model, version: complete.version, path: complete.path,
            fingerprint: key.verifyingKey.fingerprint, files: digests.map(\.name))
    }

    private static func writeManifest(of listing: VersionListing) throws(RegistryError) {
        let files = VersionFiles(listing, root: listing.path, sizeLimit: ModelLoader.fileSizeLimit)
        var manifest = Manifest(model: listing.model, version: listing.version, files: [], facts: [])
        for (name, sha256) in try files.allDigests() {
            guard Manifest.isFileName(name) else { throw .invalidFileName(name) }
            let size = listing.file(named: name)?.facts.size ?? 0
            manifest.files.append(Manifest.File(name: name, size: size, sha256: sha256))
        }
        var text = ByteBuffer()
        manifest.write(into: &text)
        try write(Array(copying: text.bytes), to: "\(listing.path)/\(Companion.manifest)")
    }

    private static func list(_ directory: String) throws(RegistryError) -> VersionListing {
        let parts = directory.split(separator: "/").suffix(2).map { String($0) }
        guard parts.count == 2, ModelName.isValid(parts[0]), let version = ModelVersion(parts[1]) else {
            throw .notAVersion(path: directory)
        }
        do {
            return try RegistryScanner.version(at: directory, model: parts[0], version: version)
        } catch {
            throw .system(error)
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(RegistryError) {
        do {
            try AtomicFile.write(bytes.span, to: path)
        } catch {
            throw .system(error)
        }
    }
}
