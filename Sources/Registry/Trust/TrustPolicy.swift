// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography

/// Whether versions must be signed by somebody whom the operator trusts. Immutable: a changed one takes its
/// place.
package struct TrustPolicy: Sendable {
    /// What becomes of a version that nobody who is trusted has signed.
    package enum Mode: String, Sendable, CaseIterable {
        /// Signatures are not looked at.
        case off
        /// What `require` would refuse is served, and reported. What is revoked is refused.
        case warn
        case require
    }

    package var mode: Mode
    package var trusted: TrustedKeys

    package static let off = TrustPolicy(mode: .off, trusted: TrustedKeys(keys: []))

    package init(mode: Mode, trusted: TrustedKeys) {
        self.mode = mode
        self.trusted = trusted
    }

    /// What was found out about the signature of a version.
    struct Verdict: Sendable, Equatable {
        /// The id of the key that signed it; nil: nobody trusted.
        var signer: String?
        /// What is wrong, where that is only reported.
        var warning: TrustDefect?
    }

    /// Checks the files of a version that `files` has read, and reads the others.
    ///
    /// - Throws: `untrusted` for what may not be served.
    func check(_ files: VersionFiles, wallClock: Int64) throws(RegistryError) -> Verdict {
        if mode == .off { return Verdict() }
        for (name, digest) in try files.allDigests() {
            if let reason = trusted.revoked[digest] {
                throw .untrusted(directory: files.path, .revoked(name: name, reason: reason))
            }
        }
        do throws(TrustDefect) {
            return Verdict(signer: try signer(of: files, wallClock: wallClock))
        } catch {
            if mode == .require { throw .untrusted(directory: files.path, error) }
            return Verdict(warning: error)
        }
    }

    /// Why a version that answers may not go on under this policy; nil when it may.
    func objection(to signer: String?, digests: [(name: String, sha256: String)]) -> TrustDefect? {
        if mode == .off { return nil }
        for (name, digest) in digests {
            if let reason = trusted.revoked[digest] { return .revoked(name: name, reason: reason) }
        }
        if mode == .warn { return nil }
        guard let signer else { return .unsigned }
        return trusted.keys.contains { $0.id == signer } ? nil : .unknownSigner(fingerprint: nil)
    }

    private func signer(of files: VersionFiles, wallClock: Int64) throws(TrustDefect) -> String {
        let bytes: [UInt8]
        do {
            guard let text = try files.signature() else { throw TrustDefect.unsigned }
            bytes = text
        } catch let defect as TrustDefect {
            throw defect
        } catch {
            throw .malformedSignature(reason: "\(error)")
        }
        let bundle = try SignatureBundle(bytes.span)
        let key = try trustedKey(of: bundle, wallClock: wallClock)
        let payload = bundle.payload
        try compare(try SignedStatement(payload.span), files)
        return key.id
    }

    /// The one key of the file that made the signature.
    private func trustedKey(
        of bundle: SignatureBundle, wallClock: Int64
    ) throws(TrustDefect) -> TrustedKeys.Key {
        let candidates = trusted.keys.filter {
            bundle.fingerprint == nil || $0.key.fingerprint == bundle.fingerprint
        }
        guard let first = candidates.first else { throw .unknownSigner(fingerprint: bundle.fingerprint) }
        guard let key = candidates.first(where: { bundle.isSigned(by: $0.key) }) else {
            throw bundle.fingerprint == nil
                ? .unknownSigner(fingerprint: nil) : .wrongSignature(key: first.id)
        }
        let today = TrustDay.number(at: wallClock)
        if let from = key.validFrom, today < from.number {
            throw .keyNotYetValid(key: key.id, from: from.description)
        }
        if let until = key.validUntil, today > until.number {
            throw .keyExpired(key: key.id, since: until.description)
        }
        return key
    }

    /// Every file is signed as it is, and every signed file is there.
    private func compare(_ statement: SignedStatement, _ files: VersionFiles) throws(TrustDefect) {
        var actual: [String: String] = [:]
        do {
            for (name, digest) in try files.allDigests() { actual[name] = digest }
        } catch {
            throw .malformedSignature(reason: error.description)
        }
        var signed: Set<String> = []
        for file in statement.files {
            signed.insert(file.name)
            guard let digest = actual[file.name] else { throw .missingFile(name: file.name) }
            guard digest == file.sha256 else { throw .changedFile(name: file.name) }
        }
        if let extra = actual.keys.sorted().first(where: { !signed.contains($0) }) {
            throw .extraFile(name: extra)
        }
        if let directory = files.directories.first { throw .extraFile(name: directory) }
        guard signed.contains(Companion.manifest) else { throw .unboundSignature }
    }
}
