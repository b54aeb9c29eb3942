// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Inference
import ModelFormat
import Tabular
import Testing

@testable import Registry

/// Native files of some size, which are read straight into the model.
struct LargeModelTests {
    private func network() throws -> [UInt8] {
        let width = 1_100
        return try NativeModel.write(
            ModelGraph(
                schema: FeatureSchema(
                    features: (0..<width).map { Feature(name: "x\($0)", kind: .numeric) }),
                estimator: .multilayerPerceptron(
                    MultilayerPerceptron(layers: [
                        .init(
                            weights: (0..<width * width).map { Float($0 % 13 - 6) / 64 },
                            biases: [Float](repeating: 0.5, count: width), activation: .relu),
                        .init(
                            weights: [Float](repeating: 0.25, count: width), biases: [1],
                            activation: .identity),
                    ])),
                output: OutputDescription(transform: .identity)))
    }

    private func load(_ bytes: [UInt8]) throws -> LoadedFile {
        let store = try TestStore()
        try store.write(bytes, to: "large/1/model.safetensors")
        let scan = try RegistryScanner(path: store.root).scan()
        let listing = try #require(scan.models.first?.value.first?.value)
        return try ModelLoader(root: store.root).load(listing)
    }

    @Test func aLargeNetwork_isWhatItsFileSays() throws {
        let bytes = try network()
        let file = try load(bytes)
        #expect(file.size == bytes.count)
        #expect(file.format == .native)
        #expect(file.digest == SHA256.digest(of: bytes.span).hexadecimal)
        #expect(file.model.schema.count == 1_100)
    }

    @Test func aLargeDamagedNetwork_isRefusedForItsDigest() throws {
        var bytes = try network()
        bytes[bytes.count - 100] ^= 1
        #expect {
            _ = try load(bytes)
        } throws: { error in
            "\(error)".contains("digest")
        }
    }
}
