// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import HTTP

/// The searches that take eight bytes at a time find what a loop over single bytes finds.
@Suite struct ByteSearchTests {
    @Test func firstIndexOutsideFieldContent_isThatOfALoop() {
        for length in 0...20 {
            for position in 0..<max(length, 1) {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: 0x61, count: length)
                    // Bytes that are allowed and lie next to the ones that are not.
                    for index in bytes.indices { bytes[index] = [0x20, 0x7E, 0x80, 0xFF, 0x21][index % 5] }
                    if position < length { bytes[position] = byte }
                    let expected = bytes.firstIndex { !$0.isFieldContent }
                    #expect(bytes.span.firstIndexOutsideFieldContent(in: 0..<length) == expected)
                }
            }
        }
    }

    @Test func firstIndexOfByte_isThatOfALoop() {
        for wanted in [UInt8(0), 0x0A, 0x7F, 0x80, 0xFF] {
            for length in 0...20 {
                for start in 0...length {
                    for position in 0..<max(length, 1) {
                        var bytes = [UInt8](repeating: wanted &+ 1, count: length)
                        if position < length { bytes[position] = wanted }
                        let expected = bytes[start...].firstIndex(of: wanted)
                        #expect(bytes.span.firstIndex(of: wanted, in: start..<length) == expected)
                    }
                }
            }
        }
    }

    @Test func endOfPlainPath_isThatOfALoopWhileEightBytesAreLeft() {
        let plain = Set("-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        for (length, end) in [(28, 20), (20, 20), (28, 9), (16, 8), (7, 7)] {
            for position in 0..<end {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: 0x61, count: length)
                    for index in bytes.indices {
                        bytes[index] = [0x2D, 0x39, 0x41, 0x5A, 0x61, 0x7A][index % 6]
                    }
                    bytes[position] = byte
                    let expected = bytes[..<end].firstIndex { !plain.contains($0) } ?? end
                    let found = bytes.span.endOfPlainPath(in: 0..<end)
                    // The last few bytes of all may be left to the caller.
                    #expect(found == expected || (found < expected && length - found < 8))
                }
            }
        }
    }

    @Test func hasSameBytes_isThatOfALoop() {
        for length in 0...20 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            let copy = bytes + []
            let isItself = bytes.span.hasSameBytes(as: copy.span)
            #expect(isItself && bytes.span.fingerprint == copy.span.fingerprint)
            for position in 0..<length {
                var other = bytes
                other[position] ^= 0x20
                let isSame = bytes.span.hasSameBytes(as: other.span)
                #expect(!isSame)
            }
            let longer = bytes + [0]
            let isSame = bytes.span.hasSameBytes(as: longer.span)
            #expect(!isSame)
        }
    }

    @Test func endOfToken_isThatOfALoop() {
        for length in 0...20 {
            for end in 0...length {
                for position in 0..<max(end, 1) {
                    for byte in UInt8.min...UInt8.max {
                        var bytes = [UInt8](repeating: 0x61, count: length)
                        for index in bytes.indices {
                            bytes[index] = [0x41, 0x7A, 0x2D, 0x5A, 0x30][index % 5]
                        }
                        if position < end { bytes[position] = byte }
                        let expected = bytes[..<end].firstIndex { !ASCIISet.token.contains($0) } ?? end
                        let found = bytes.span.endOfToken(in: 0..<end)
                        #expect(found == expected)
                    }
                }
            }
        }
    }

    @Test(arguments: [
        "Host", "Expect", "X-Test-8", "Content-Length", "Transfer-Encoding", "If-None-Match-No",
    ])
    func isFieldName_isThatOfALoopForTokens(_ text: String) {
        let names: [String: StaticString] = [
            "Host": "host", "Expect": "Expect", "X-Test-8": "x-test-8", "Content-Length": "content-length",
            "Transfer-Encoding": "TRANSFER-ENCODING", "If-None-Match-No": "If-None-Match-No",
        ]
        guard let name = names[text] else { return #expect(Bool(false), "no such name") }
        let original = Array(text.utf8)
        func isNamed(_ bytes: [UInt8]) -> Bool { bytes.span.isFieldName(name) }
        #expect(isNamed(original))
        for position in original.indices {
            for byte in UInt8.min...UInt8.max where ASCIISet.token.contains(byte) {
                var bytes = original
                bytes[position] = byte
                let isEqual = bytes.span.equalsIgnoringCase(name)
                #expect(isNamed(bytes) == isEqual)
            }
        }
        #expect(!isNamed(original + [0x73]))
        #expect(!isNamed(original.dropLast()))
    }
}
