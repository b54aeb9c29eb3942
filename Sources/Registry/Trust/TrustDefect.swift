// SPDX-License-Identifier: Apache-2.0

/// Why a version is not what a trusted person signed.
package enum TrustDefect: Error, Equatable {
    case unsigned
    case malformedSignature(reason: String)
    /// The signature names a key, or by its bytes can be of no key, that is trusted here.
    case unknownSigner(fingerprint: String?)
    case keyNotYetValid(key: String, from: String)
    case keyExpired(key: String, since: String)
    /// The signature is not the key's for what it says it signs.
    case wrongSignature(key: String)
    case changedFile(name: String)
    case missingFile(name: String)
    case extraFile(name: String)
    /// The statement leaves out the manifest, so that nothing says for which model it was made.
    case unboundSignature
    case revoked(name: String, reason: String)

    package var code: String {
        switch self {
        case .unsigned: "unsigned"
        case .malformedSignature: "malformed_signature"
        case .unknownSigner: "unknown_signer"
        case .keyNotYetValid: "key_not_yet_valid"
        case .keyExpired: "key_expired"
        case .wrongSignature: "wrong_signature"
        case .changedFile: "signed_file_changed"
        case .missingFile: "signed_file_missing"
        case .extraFile: "unsigned_file"
        case .unboundSignature: "unbound_signature"
        case .revoked: "revoked"
        }
    }
}

extension TrustDefect: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unsigned: "there is no model.sig; sign the version with 'modelctl sign'"
        case .malformedSignature(let reason): "model.sig cannot be read: \(reason)"
        case .unknownSigner(let fingerprint?):
            "model.sig was made with the key \(fingerprint.prefix(16))…, which is not trusted here"
        case .unknownSigner(nil): "model.sig was made with none of the keys that are trusted here"
        case .keyNotYetValid(let key, let from): "the key '\(key)' that signed it is valid from \(from) only"
        case .keyExpired(let key, let since):
            "the key '\(key)' that signed it was valid until \(since); sign the version with a newer key"
        case .wrongSignature(let key):
            "model.sig is not the signature of the key '\(key)' for what it lists: it was changed"
        case .changedFile(let name): "\(name) is not the file that was signed"
        case .missingFile(let name): "\(name) was signed and is not there"
        case .extraFile(let name): "\(name) is there and was not signed"
        case .unboundSignature:
            "manifest.json is not among the signed files, so the signature may be that of another model; "
                + "sign the version with 'modelctl sign'"
        case .revoked(let name, let reason): "\(name) is revoked: \(reason)"
        }
    }
}
