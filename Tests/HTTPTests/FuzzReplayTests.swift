// SPDX-License-Identifier: Apache-2.0
import TestKit
import Testing

@testable import HTTP

@Suite struct FuzzReplayTests {
    @Test func seedsAndFindings_breakNothing() throws {
        var count = 0
        for folder in ["Tests/Fixtures/http", "Fuzz/FailCases/HTTPRequest"] {
            let path = "\(Fixtures.repository)/\(folder)"
            for name in try Fixtures.names(inDirectory: path) where !name.hasSuffix(".md") {
                let bytes = try Fixtures.contents(ofFile: "\(path)/\(name)")
                fuzzRequestParser(bytes.span)
                count += 1
            }
        }
        #expect(count >= 5)
    }

    @Test func mutatedRequests_getTheSameVerdictHoweverTheyAreCut() {
        var generator = SeededGenerator(seed: 7)
        for sample in RequestTable.all where (1..<500).contains(sample.bytes.count) {
            for _ in 0..<20 {
                var bytes = [UInt8.random(in: 0...255, using: &generator)] + sample.bytes
                for _ in 0..<Int.random(in: 0...3, using: &generator) {
                    let index = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0...2, using: &generator) {
                    case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                    case 1:
                        bytes.insert(
                            [0x0D, 0x0A, 0x20, 0x30].randomElement(using: &generator) ?? 0, at: index)
                    default: if bytes.count > 1 { bytes.remove(at: index) }
                    }
                }
                fuzzRequestParser(bytes.span)
            }
        }
    }
}
