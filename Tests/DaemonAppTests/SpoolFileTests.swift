// SPDX-License-Identifier: Apache-2.0
import Base
import HTTP
import Serving
import TestKit
import Testing

@testable import DaemonApp

@Suite struct SpoolFileTests {
    private static let block: [UInt8] = Array(repeating: 7, count: 1 << 20)

    private func append(_ bytes: [UInt8], to file: SpoolFile) throws(SpoolFile.Failure) {
        var buffer = ByteBuffer()
        buffer.append(bytes.span)
        try file.append(buffer)
    }

    /// Everything that the writer gives until it wants to wait or ends, and how it ends.
    private func drain(_ writer: SpoolWriter) -> (bytes: Int, supply: BodySupply) {
        var count = 0
        while true {
            var piece = ByteBuffer()
            let supply = writer.write(into: &piece, bytes: 65_536)
            count += piece.count
            if case .more = supply { continue }
            return (count, supply)
        }
    }

    @Test func aFileThatGrows_isReadAsFarAsItIs() throws {
        try TemporaryDirectory.with { directory in
            let file = try SpoolFile(in: directory.path, quota: SpoolQuota(limit: 1 << 30))
            let writer = SpoolWriter(file, BatchCountsBox())
            guard case (0, .pending) = drain(writer) else { return #expect(Bool(false), "nothing is there") }
            try append([1, 2, 3], to: file)
            guard case (3, .pending) = drain(writer) else { return #expect(Bool(false), "three bytes") }
            try append(Self.block, to: file)
            file.end()
            guard case (1_048_576, .end) = drain(writer) else { return #expect(Bool(false), "the rest") }
        }
    }

    @Test func whatTheClientHasTaken_isGivenBack() throws {
        try TemporaryDirectory.with { directory in
            let quota = SpoolQuota(limit: 4 << 20)
            do {
                let file = try SpoolFile(in: directory.path, quota: quota)
                let writer = SpoolWriter(file, BatchCountsBox())
                // Five times what there is room for.
                for _ in 0..<20 {
                    try append(Self.block, to: file)
                    #expect(drain(writer).bytes == Self.block.count)
                }
                #expect(quota.bytesUsed <= 2 << 20)
                #expect(throws: SpoolFile.Failure.quota(limit: 4 << 20)) {
                    for _ in 0..<5 { try append(Self.block, to: file) }
                }
            }
            #expect(quota.bytesUsed == 0)
        }
    }

    @Test func whatBreaksOff_hasLastWords() throws {
        try TemporaryDirectory.with { directory in
            let file = try SpoolFile(in: directory.path, quota: SpoolQuota(limit: 10))
            let writer = SpoolWriter(file, BatchCountsBox())
            try append([1, 2, 3], to: file)
            #expect(throws: SpoolFile.Failure.quota(limit: 10)) { try append(Self.block, to: file) }
            file.breakOff(lastWords: [4, 5])
            guard case (5, .failed) = drain(writer) else { return #expect(Bool(false), "words and failure") }
        }
    }

    @Test func theCounts_standBehindTheLastChunk() throws {
        try TemporaryDirectory.with { directory in
            let counts = BatchCountsBox()
            var more = BatchCounts()
            (more.records, more.errors) = (12, 3)
            counts.add(more)
            var output = ByteBuffer()
            SpoolWriter(try SpoolFile(in: directory.path, quota: SpoolQuota(limit: 1)), counts)
                .writeTrailers(into: &output)
            #expect(String(copying: output.bytes) == "Modeld-Records: 12\r\nModeld-Errors: 3\r\n")
        }
    }
}
