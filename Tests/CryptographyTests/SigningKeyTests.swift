// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Foundation
import Testing

/// Keys that OpenSSL's command wrote: Tests/Fixtures/signing.
@Suite struct SigningKeyTests {
    static func text(_ name: String) throws -> String {
        let path = URL(fileURLWithPath: #filePath).appending(path: "../../Fixtures/signing/\(name)")
            .standardized
        return try String(contentsOf: path, encoding: .utf8)
    }

    private static func sha256(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return SHA256.digest(of: bytes.span).hexadecimal
    }

    private func isGood(_ key: VerifyingKey, _ signature: [UInt8], _ message: [UInt8]) -> Bool {
        key.isValid(signature.span, for: message.span)
    }

    @Test(arguments: ["p256", "p384", "p521"])
    func aSignature_isGoodForItsMessageAndKeyOnly(_ curve: String) throws {
        let key = try SigningKey(pem: try Self.text("\(curve).pem"))
        let message = Array("what is signed".utf8)
        var signature = key.signature(of: message.span)
        let verifying = try VerifyingKey(pem: try Self.text("\(curve).pub"))
        #expect(verifying.fingerprint == key.verifyingKey.fingerprint)
        #expect(isGood(verifying, signature, message))
        #expect(!isGood(verifying, signature, Array("what is Signed".utf8)))
        #expect(!isGood(verifying, [], message))
        let other = try VerifyingKey(pem: try Self.text(curve == "p256" ? "p384.pub" : "p256.pub"))
        #expect(!isGood(other, signature, message))
        for index in signature.indices {
            signature[index] ^= 1
            #expect(!isGood(verifying, signature, message), "byte \(index)")
            signature[index] ^= 1
        }
    }

    @Test func thePublicHalf_isWrittenAsOpenSSLWritesIt() throws {
        let text = try Self.text("p256.pub")
        #expect(try VerifyingKey(pem: text).pem == text)
        #expect(
            try VerifyingKey(pem: text).fingerprint == Self.sha256(text))
    }

    @Test func whatIsNoKey_isRefused() throws {
        #expect(throws: CryptographyError.unsupportedKey) {
            try VerifyingKey(pem: try Self.text("other.pub"))
        }
        #expect(throws: CryptographyError.noPublicKey) { try VerifyingKey(pem: try Self.text("p256.pem")) }
        #expect(throws: CryptographyError.noPublicKey) { try VerifyingKey(pem: "") }
        for name in ["p256.pub", "encrypted.pem"] {
            #expect(throws: CryptographyError.noPrivateKey, "\(name)") {
                _ = try SigningKey(pem: try Self.text(name))
            }
        }
        let long = try Self.text("p256.pem") + String(repeating: " ", count: 1 << 17)
        #expect(throws: CryptographyError.noPrivateKey) { _ = try SigningKey(pem: long) }
    }

    @Test func equality_comparesAllBytes() {
        #expect(ConstantTime.areEqual([], []))
        #expect(ConstantTime.areEqual([1, 2], [1, 2]))
        #expect(!ConstantTime.areEqual([1, 2], [1, 3]))
        #expect(!ConstantTime.areEqual([1, 2], [1, 2, 3]))
    }

    @Test func aDigest_isReadBackFromItsHexadecimal() {
        let bytes: [UInt8] = [1, 2, 3]
        let digest = SHA256.digest(of: bytes.span)
        #expect(Digest(hexadecimal: digest.hexadecimal) == digest)
        let text = digest.hexadecimal
        for wrong in ["", "00", text.uppercased(), text + "00", String(repeating: "é", count: 32)] {
            #expect(Digest(hexadecimal: wrong) == nil, "\(wrong)")
        }
    }
}
