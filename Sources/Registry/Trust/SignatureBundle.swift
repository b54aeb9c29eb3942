// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography

/// `model.sig`: a Sigstore bundle around a DSSE envelope, as OpenSSF Model Signing 1.0 has it for keys.
/// docs/reference/signing.md.
struct SignatureBundle: Equatable {
    /// SHA-256 of the signing key's public half as PEM; nil in bundles of model-signing before 1.0.
    var fingerprint: String?
    /// What is signed: an in-toto statement.
    var payload: [UInt8]
    /// ECDSA, DER.
    var signature: [UInt8]

    static let sizeLimit = 4 << 20
    private static let mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
    private static let payloadType = "application/vnd.in-toto+json"

    init(fingerprint: String?, payload: [UInt8], signature: [UInt8]) {
        self.fingerprint = fingerprint
        self.payload = payload
        self.signature = signature
    }

    /// A bundle around `statement`, signed.
    init(signing statement: SignedStatement, with key: SigningKey) {
        payload = statement.encoded
        signature = key.signature(of: Self.signedBytes(of: payload).span)
        fingerprint = key.verifyingKey.fingerprint
    }

    /// - Throws: `malformedSignature`.
    init(_ bytes: Span<UInt8>) throws(TrustDefect) {
        let document: JSONValue
        do {
            document = try JSONValue.parse(bytes)
        } catch {
            throw .malformedSignature(reason: error.description)
        }
        guard document["mediaType"]?.string == Self.mediaType else {
            throw .malformedSignature(reason: "'mediaType' is not \(Self.mediaType)")
        }
        guard let material = document["verificationMaterial"], let envelope = document["dsseEnvelope"] else {
            throw .malformedSignature(reason: "it needs 'verificationMaterial' and 'dsseEnvelope'")
        }
        guard let publicKey = material["publicKey"] else {
            throw .malformedSignature(
                reason: "it was made by a certificate or an identity; only signatures by keys are known here")
        }
        guard envelope["payloadType"]?.string == Self.payloadType else {
            throw .malformedSignature(reason: "'payloadType' is not \(Self.payloadType)")
        }
        guard let signatures = envelope["signatures"]?.array, signatures.count == 1,
            let signature = signatures[0]["sig"]?.string.flatMap({ Base64.decode($0) }), !signature.isEmpty
        else {
            throw .malformedSignature(reason: "'signatures' must hold one signature in base 64")
        }
        guard let payload = envelope["payload"]?.string.flatMap({ Base64.decode($0) }) else {
            throw .malformedSignature(reason: "'payload' must be base 64")
        }
        fingerprint = publicKey["hint"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.payload = payload
        self.signature = signature
    }

    /// The JSON text of the file.
    var encoded: [UInt8] {
        let publicKey: JSONObject = ["hint": .string(fingerprint ?? "")]
        let material: JSONObject = ["publicKey": .object(publicKey), "tlogEntries": .array([])]
        let sealed: JSONObject = [
            "sig": .string(Base64.encode(signature.span)), "keyid": .string(""),
        ]
        let envelope: JSONObject = [
            "payload": .string(Base64.encode(payload.span)), "payloadType": .string(Self.payloadType),
            "signatures": .array([.object(sealed)]),
        ]
        let document: JSONObject = [
            "mediaType": .string(Self.mediaType), "verificationMaterial": .object(material),
            "dsseEnvelope": .object(envelope),
        ]
        var text = ByteBuffer()
        JSONValue.object(document).write(into: &text)
        text.append("\n")
        return Array(copying: text.bytes)
    }

    func isSigned(by key: VerifyingKey) -> Bool {
        key.isValid(signature.span, for: Self.signedBytes(of: payload).span)
    }

    /// The bytes that a DSSE signature covers: `DSSEv1 SP LEN(type) SP type SP LEN(payload) SP payload`.
    private static func signedBytes(of payload: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
    }
}
