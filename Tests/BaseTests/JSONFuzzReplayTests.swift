// SPDX-License-Identifier: Apache-2.0
import TestKit
import Testing

@testable import Base

@Suite struct JSONFuzzReplayTests {
    @Test func seedsAndFindings_breakNothing() throws {
        var count = 0
        for folder in ["Tests/Fixtures/json/test_parsing", "Fuzz/FailCases/JSON"] {
            let path = "\(Fixtures.repository)/\(folder)"
            for name in try Fixtures.names(inDirectory: path) where !name.hasSuffix(".md") {
                let bytes = try Fixtures.contents(ofFile: "\(path)/\(name)")
                fuzzJSON(bytes.span)
                count += 1
            }
        }
        #expect(count > 300)
    }
}
