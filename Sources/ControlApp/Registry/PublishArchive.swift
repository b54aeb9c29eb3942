// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Registry

/// The archive that a server publishes.
enum PublishArchive {
    /// With a key the next version is signed here, so that the key stays on this machine: the archive then
    /// holds the manifest and the signature, too, and is good for that version only.
    static func make(
        _ sources: [PublishSource], model: String, facts: [(name: String, value: String)], key: SigningKey?,
        _ client: ServerClient
    ) throws(ControlError) -> [UInt8] {
        var archive = TarWriter()
        var files: [Manifest.File] = []
        for source in sources {
            guard source.name.utf8.count <= TarWriter.nameBytesMax else {
                throw ControlError(.invalidFileName(source.name))
            }
            let bytes = try source.bytes()
            let digest = SHA256.digest(of: bytes.span).hexadecimal
            files.append(Manifest.File(name: source.name, size: Int64(bytes.count), sha256: digest))
            archive.append(source.name, bytes)
        }
        if let key {
            let companions = VersionCompanions(
                model: model, version: try nextVersion(of: model, client), files: files,
                facts: facts + [
                    ("published_by", RegistryOptions.actor),
                    ("published_at", CalendarTime.text(CalendarTime.nanoseconds)),
                ],
                signedBy: key)
            archive.append(VersionCompanions.manifestName, companions.manifest)
            if let signature = companions.signature {
                archive.append(VersionCompanions.signatureName, signature)
            }
        }
        archive.end()
        return archive.bytes
    }

    private static func nextVersion(
        of model: String, _ client: ServerClient
    ) throws(ControlError) -> ModelVersion {
        do {
            let versions = try client.policy(model)["versions"]?.array?.compactMap(\.integer) ?? []
            return ModelVersion(versions.max() ?? 0).next ?? ModelVersion(0)
        } catch {
            // Nothing has been published under this name yet.
            if case .refused(_, _, 404, _) = error { return ModelVersion(1) }
            throw error
        }
    }
}
