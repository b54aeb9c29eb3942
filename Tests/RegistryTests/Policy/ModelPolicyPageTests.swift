// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import ModelFormat
import Testing

@testable import Registry

/// The examples of docs/reference/model-policy.md.
struct ModelPolicyPageTests {
    private func page() throws -> String {
        let page = URL(fileURLWithPath: #filePath)
            .appending(path: "../../../../docs/reference/model-policy.md").standardized
        return try String(contentsOf: page, encoding: .utf8)
    }

    private func example(_ kind: String) throws -> [UInt8] {
        let text = try page()
        let begin = try #require(text.range(of: "```\(kind)\n"))
        let end = try #require(text.range(of: "```", range: begin.upperBound..<text.endIndex))
        return Array(text[begin.upperBound..<end.lowerBound].utf8)
    }

    @Test func theModelFile_isReadAsOnThePage() throws {
        let text = try example("yaml policy")
        let policy = try PolicyFile.parse(text.span)
        var expected = ModelPolicy()
        expected.versions = .latest(3)
        expected.defaultTarget = .alias("champion")
        expected.aliases = ["champion": ModelVersion(4), "canary": ModelVersion(5)]
        expected.split = [.init(.alias("champion"), 90), .init(.alias("canary"), 10)]
        expected.stickiness = .header("X-User-Id")
        expected.shadow = .init(.version(ModelVersion(6)), percent: 25)
        expected.warmUp = .init(inputs: [[.number(5.1), .missing, .category("red")]], repetitions: 20)
        expected.limits = .init(
            concurrency: 4, queue: 64, deadline: 50_000_000, memory: 512 << 20, queuePolicy: .wait)
        var batching = DynamicBatching()
        batching.maxBatchSize = 32
        batching.preferredBatchSizes = [8, 16]
        batching.maxQueueDelay = 2_000_000
        expected.dynamicBatching = batching
        expected.load = .start
        expected.isPinned = true
        #expect(policy == expected)
    }

    @Test func theRevision_isReadAndWrittenAsOnThePage() throws {
        let bytes = try example("json revision")
        let revision = try PolicyRevision.parse(bytes.span, model: "churn", number: 7)
        var written = ByteBuffer()
        revision.write(into: &written)
        #expect(String(copying: written.bytes) == String(decoding: bytes, as: UTF8.self))
        let text = try example("yaml policy")
        let policy = try PolicyFile.parse(text.span)
        // Its canary is gone from the split, 6 takes its place.
        let merged = try policy.applying(revision)
        #expect(merged.split == [.init(.alias("champion"), 90), .init(.version(ModelVersion(6)), 10)])
        #expect(merged.aliases == ["champion": ModelVersion(5), "canary": ModelVersion(5)])
        #expect(merged.versions == .all && merged.retired == [ModelVersion(2)])
        #expect(
            policy.covered(by: revision) == ["versions", "default", "aliases.champion", "split", "shadow"])
    }

    @Test func everyKey_standsInTheTableOfThePage() throws {
        let text = try page()
        for key in PolicyFile.keys {
            let isThere = text.contains("| `\(key)` |") || text.contains("| `\(key).")
            #expect(isThere, "\(key)")
        }
    }
}
