// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

struct ByteBufferTests {
    private func text(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return String(copying: buffer.bytes)
    }

    @Test func appendedPieces_standOneAfterTheOther() {
        let long = String(repeating: "x", count: 10_000)
        let result = text { buffer in
            buffer.append("static ")
            buffer.append(UInt8(ascii: "!"))
            buffer.append(long)
            buffer.append(Array("span".utf8).span)
        }
        #expect(result == "static !" + long + "span")
    }

    @Test func removedBytes_leaveTheRest() {
        let result = text { buffer in
            buffer.append("abcdef" as StaticString)
            buffer.removeFirst(2)
            buffer.truncate(to: 3)
        }
        #expect(result == "cde")
    }

    @Test func memoryGivenBack_keepsTheContent() {
        let result = text { buffer in
            buffer.reserve(1 << 20)
            buffer.append("kept" as StaticString)
            buffer.releaseMemory(above: 64)
            buffer.append("!" as StaticString)
        }
        #expect(result == "kept!")
    }

    @Test func wholeNumbers_areWrittenInFull() {
        for value in [0, 1, -1, Int64.min, Int64.max, 1_234_567_890] {
            #expect(text { $0.append(decimal: value) } == "\(value)")
        }
        #expect(text { $0.append(decimal: UInt64.max) } == "\(UInt64.max)")
    }

    @Test func quotedText_isEscapedWhereverTheCharacterStands() {
        for length in 1...20 {
            for position in 0..<length {
                for (character, escape) in [
                    ("\"", "\\\""), ("\\", "\\\\"), ("\n", "\\n"), ("\u{1f}", "\\u001f"),
                ] {
                    let before = String(repeating: "é", count: position)
                    let after = String(repeating: "!", count: length - position - 1)
                    let written = text { $0.append(quoted: before + character + after) }
                    #expect(written == "\"\(before)\(escape)\(after)\"")
                }
            }
        }
    }

    @Test func quotedText_isEscaped() {
        #expect(text { $0.append(quoted: "a\"\\\n\u{1}é") } == "\"a\\\"\\\\\\n\\u0001é\"")
    }
}
