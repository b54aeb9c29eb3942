// SPDX-License-Identifier: Apache-2.0
internal import Base
package import Cryptography

/// The files that publishing adds to those of a version.
package struct VersionCompanions {
    /// The text of `manifest.json`.
    package let manifest: [UInt8]
    /// The text of `model.sig`; nil without a key.
    package let signature: [UInt8]?

    package init(
        model: String, version: ModelVersion, files: [Manifest.File],
        facts: [(name: String, value: String)], signedBy key: SigningKey?
    ) {
        var text = ByteBuffer()
        Manifest(model: model, version: version, files: files, facts: facts).write(into: &text)
        manifest = Array(copying: text.bytes)
        guard let key else {
            signature = nil
            return
        }
        let own = SignedStatement.File(
            name: Companion.manifest, sha256: SHA256.digest(of: text.bytes).hexadecimal)
        let statement = SignedStatement(
            subject: "\(version)",
            files: files.map { SignedStatement.File(name: $0.name, sha256: $0.sha256) } + [own])
        signature = SignatureBundle(signing: statement, with: key).encoded
    }

    package static let manifestName = Companion.manifest
    package static let signatureName = Companion.signature
}
