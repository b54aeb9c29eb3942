// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Testing

/// Vectors: FIPS 180-4 examples (NIST, "SHA256.pdf") and the empty message.
@Suite struct SHA256Tests {
    static let vectors: [(message: String, digest: String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]

    @Test(arguments: vectors)
    func publishedVectors_areReproduced(message: String, digest: String) {
        let bytes = Array(message.utf8)
        #expect(SHA256.digest(of: bytes.span).hexadecimal == digest)
    }

    @Test func aMillionLettersInUnevenPieces_giveThePublishedDigest() {
        let letters = [UInt8](repeating: 97, count: 1_000_000)
        var sha = SHA256()
        var start = 0
        var step = 1
        while start < letters.count {
            let end = min(start + step, letters.count)
            sha.update(letters.span.extracting(start..<end))
            start = end
            step = step * 3 % 4099 + 1
        }
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(sha.finish().hexadecimal == expected)
    }
}
