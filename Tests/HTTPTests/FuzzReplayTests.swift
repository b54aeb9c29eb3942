// SPDX-License-Identifier: Apache-2.0
import Compression
import TestKit
import Testing

@testable import HTTP

/// One after the other: a fuzz target has a process of its own, and so its connection has no locks.
@Suite(.serialized) struct FuzzReplayTests {
    /// Calls `replay` with each file of these folders.
    private func replayFiles(_ folders: [String], _ replay: (Span<UInt8>) -> Void) throws -> Int {
        var count = 0
        for folder in folders {
            let path = "\(Fixtures.repository)/\(folder)"
            for name in try Fixtures.names(inDirectory: path) where !name.hasSuffix(".md") {
                let bytes = try Fixtures.contents(ofFile: "\(path)/\(name)")
                replay(bytes.span)
                count += 1
            }
        }
        return count
    }

    @Test func seedsAndFindings_breakNothing() throws {
        let seeds = "Tests/Fixtures/http"
        #expect(try replayFiles([seeds, "Fuzz/FailCases/HTTPRequest"], fuzzRequestParser) >= 5)
        #expect(try replayFiles([seeds, "Fuzz/FailCases/HTTPConnection"], fuzzConnection) >= 9)
        #expect(try replayFiles(["Fuzz/FailCases/HTTPChunked"], fuzzChunkedBody) >= 2)
        #expect(try replayFiles(["Fuzz/FailCases/HTTPHeaders"], fuzzHeaderValues) >= 2)
        #expect(try replayFiles(["Fuzz/FailCases/Inflate"], fuzzInflater) >= 3)
    }

    @Test func eachRequestOfTheTable_isAnsweredTheSameHoweverItIsCut() {
        for (index, sample) in RequestTable.all.enumerated() where (1..<500).contains(sample.bytes.count) {
            for choice in [0, 1, 2, 6, 8, 16] as [UInt8] {
                let bytes = [choice, UInt8(index % 7)] + sample.bytes
                fuzzConnection(bytes.span)
            }
        }
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
