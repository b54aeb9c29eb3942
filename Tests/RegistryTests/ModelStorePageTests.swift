// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import ModelFormat
import Testing

@testable import Registry

/// The examples of docs/reference/model-store.md.
struct ModelStorePageTests {
    private func example(_ kind: String) throws -> [UInt8] {
        let page = URL(fileURLWithPath: #filePath).appending(path: "../../../docs/reference/model-store.md")
            .standardized
        let text = try String(contentsOf: page, encoding: .utf8)
        let begin = try #require(text.range(of: "```json \(kind)\n"))
        let end = try #require(text.range(of: "```", range: begin.upperBound..<text.endIndex))
        return Array(text[begin.upperBound..<end.lowerBound].utf8)
    }

    @Test func theManifest_isReadAndWrittenAsOnThePage() throws {
        let bytes = try example("manifest")
        let manifest = try Manifest(bytes.span, path: "page")
        var written = ByteBuffer()
        manifest.write(into: &written)
        #expect(String(copying: written.bytes) == String(decoding: bytes, as: UTF8.self))
    }

    @Test func theSample_isReadAsOnThePage() throws {
        let bytes = try example("samples")
        let samples = try GoldenSamplesFile.read(bytes.span, path: "page")
        #expect(
            samples == [
                GoldenSample(
                    inputs: [.number(5.1), .missing, .category("red")], predictions: [0.25], tolerance: 0)
            ])
    }

    @Test(arguments: [
        "", "{", "[]", "{\"modeld_manifest\":2,\"model\":\"a\",\"version\":1,\"files\":[]}",
        "{\"modeld_manifest\":1,\"version\":1,\"files\":[]}",
        "{\"modeld_manifest\":1,\"model\":\"a\",\"files\":[]}",
        "{\"modeld_manifest\":1,\"model\":\"a\",\"version\":-1,\"files\":[]}",
        "{\"modeld_manifest\":1,\"model\":\"a\",\"version\":1}",
        "{\"modeld_manifest\":1,\"model\":\"a\",\"version\":1,\"files\":[{\"name\":\"x\"}]}",
        "{\"modeld_manifest\":1,\"model\":\"a\",\"version\":1,"
            + "\"files\":[{\"name\":\"../x\",\"size\":1,\"sha256\":\"\"}]}",
        "{\"modeld_manifest\":1,\"modeld_manifest\":1,\"model\":\"a\",\"version\":1,\"files\":[]}",
        "{\"modeld_manifest\":1,\"model\":\"a\",\"version\":1,\"files\":[]} x",
    ])
    func brokenManifests_areRefused(_ text: String) {
        #expect(throws: RegistryError.self) { try Manifest(Array(text.utf8).span, path: "manifest.json") }
    }
}
