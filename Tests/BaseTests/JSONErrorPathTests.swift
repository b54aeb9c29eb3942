// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

struct JSONErrorPathTests {
    /// The path to the place that `‸` marks.
    private func path(_ marked: String) -> String {
        let parts = marked.split(separator: "‸", maxSplits: 1, omittingEmptySubsequences: false)
        let text = Array((parts[0] + parts[1]).utf8)
        return JSONError(offset: parts[0].utf8.count, reason: .unexpectedEnd).path(in: text.span)
    }

    @Test(
        arguments: [
            ("‸[1]", ""), ("{\"a\":‸1}", "a"),
            ("{\"inputs\":[{\"shape\":[1,‸\"x\"]}]}", "inputs[0].shape[1]"),
            ("{\"a\":[1,2],\"b\":[[3],[4,‸5]]}", "b[1][1]"), ("{\"a\":{\"b\":1},\"c\":‸2}", "c"),
            ("[{\"a,]\":1},‸2]", "[1]"), ("{\"a\\\"b\":‸1}", "a\\\"b"), ("{\"a\":\"x,y\",\"b\":\"‸", "b"),
            ("{\"a\":1,‸}", ""), ("]]]}}‸", ""), ("{‸", ""), ("[[[‸", "[0][0][0]"),
        ])
    func thePath_leadsToTheValue(_ marked: String, _ expected: String) {
        #expect(path(marked) == expected)
    }

    @Test func aLongName_isCut() {
        #expect(path("{\"" + String(repeating: "n", count: 100) + "\":‸1}").utf8.count == 64 + "…".utf8.count)
    }

    @Test func anOffsetBehindTheText_isItsEnd() {
        let text = Array("{\"a\":[1".utf8)
        #expect(JSONError(offset: 100, reason: .unexpectedEnd).path(in: text.span) == "a[0]")
        #expect(JSONError(offset: -1, reason: .unexpectedEnd).path(in: text.span).isEmpty)
    }
}
