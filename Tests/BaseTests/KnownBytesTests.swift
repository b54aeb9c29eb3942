// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@Suite struct KnownBytesTests {
    private func places(of known: KnownBytes, in text: [UInt8]) -> [Int] {
        (0...text.count).filter { known.isNext(in: text.span, at: $0) }
    }

    private func remember(_ text: ArraySlice<UInt8>, in known: inout KnownBytes) -> Bool {
        known.remember(text.span)
    }

    @Test func bytes_areKnownWhereTheyStandWhole() {
        var known = KnownBytes(byteCountMax: 3)
        let text = Array("abcabd".utf8)
        #expect(places(of: known, in: text) == [], "nothing is known by nothing")
        #expect(remember(text[0..<3], in: &known) && places(of: known, in: text) == [0])
        #expect(remember(text[0..<2], in: &known) && places(of: known, in: text) == [0, 3])
    }

    @Test func tooManyBytes_leaveNothingKnown() {
        var known = KnownBytes(byteCountMax: 3)
        let text = Array("abcd".utf8)
        #expect(remember(text[0..<3], in: &known))
        #expect(!remember(text[...], in: &known))
        #expect(places(of: known, in: text) == [])
    }
}
