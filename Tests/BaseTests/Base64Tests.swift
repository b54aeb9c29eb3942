// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import Testing

@Suite struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func publishedVectors_areReproduced(_ text: String, _ encoded: String) {
        let bytes = Array(text.utf8)
        let written = Base64.encode(bytes.span)
        #expect(written == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func allBytes_agreeWithFoundation() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            let text = Data(bytes).base64EncodedString()
            let written = Base64.encode(bytes.span)
            #expect(written == text)
            #expect(Base64.decode(text) == bytes)
        }
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "====", "Zm-v", "Z=g="])
    func whatIsNotCanonical_isRefused(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
