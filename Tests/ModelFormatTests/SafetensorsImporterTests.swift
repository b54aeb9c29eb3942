// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

/// Weights in safetensors files of other libraries, with a description of the layers.
@Suite struct SafetensorsImporterTests {
    /// Two columns, one layer of two outputs in BF16, one of one output in F32 without biases.
    static let header = """
        {"__metadata__":{"format":"pt","architecture":"[\\"linear a\\",\\"relu\\",\\"linear b\\"]"},\
        "a.bias":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},\
        "a.weight":{"dtype":"BF16","shape":[2,2],"data_offsets":[4,12]},\
        "b.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[12,20]}}
        """
    /// 0.5 and -2 in F16; 1, 2, 3, -4 in BF16; 1 and 0.5 in F32.
    static let data: [UInt8] = [
        0x00, 0x38, 0x00, 0xC0, 0x80, 0x3F, 0x00, 0x40, 0x40, 0x40, 0x80, 0xC0, 0, 0, 0x80, 0x3F, 0, 0, 0,
        0x3F,
    ]

    static func file(_ header: String = header, _ data: [UInt8] = data) -> [UInt8] {
        let text = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
    }

    private func load(_ bytes: [UInt8], architecture: String? = nil) throws(FormatError) -> ModelGraph {
        try ModelFile.load(
            bytes.span, fileName: "weights", architecture: architecture.map { Array($0.utf8) })
    }

    private static let layers = [
        MultilayerPerceptron.Layer(weights: [1, 2, 3, -4], biases: [0.5, -2], activation: .relu),
        MultilayerPerceptron.Layer(weights: [1, 0.5], biases: [0], activation: .identity),
    ]

    @Test func layersOfThreeTypes_areRead() throws {
        let graph = try load(SafetensorsImporterTests.file())
        #expect(
            graph.estimator
                == .multilayerPerceptron(MultilayerPerceptron(layers: SafetensorsImporterTests.layers)))
        #expect(graph.schema.features.map(\.name) == ["x0", "x1"])
        #expect(graph.output == OutputDescription(transform: .identity))
    }

    @Test func aDescriptionBesideTheFile_outweighsTheMetadata() throws {
        let text = """
            {"layers": ["linear a", "tanh", "linear a", "softmax"],
             "labels": ["no", "yes"], "features": ["p", "q"]}
            """
        let graph = try load(SafetensorsImporterTests.file(), architecture: text)
        #expect(graph.schema.features.map(\.name) == ["p", "q"])
        #expect(graph.output == OutputDescription(transform: .softmax, labels: .strings(["no", "yes"])))
        let binary = try load(SafetensorsImporterTests.file(), architecture: #"["linear b", "sigmoid"]"#)
        #expect(binary.output.transform == .logistic)
    }

    struct Defect: Sendable, CustomTestStringConvertible {
        var name: String
        var code: String
        var old: String
        var new: String
        var testDescription: String { name }

        init(_ name: String, _ code: String, _ old: String, _ new: String) {
            (self.name, self.code, self.old, self.new) = (name, code, old, new)
        }
    }

    static let defects = [
        Defect("no description", "missing_part", "\"architecture\"", "\"architectures\""),
        Defect("a description that is no JSON", "malformed_json", "[\\\"linear a\\\"", "\\\"linear a\\\""),
        Defect("an unknown layer", "unsupported", "relu", "conv"),
        Defect("a softmax between layers", "unsupported", "relu", "softmax"),
        Defect("a layer without a name", "unsupported", "linear a", "linear"),
        Defect("an activation first", "invalid_value", "linear a", "relu"),
        Defect("weights that are not there", "missing_part", "linear b", "linear c"),
        Defect("integers", "wrong_type", "\"BF16\"", "\"I16\""),
        Defect("a vector for a matrix", "wrong_shape", "[2,2]", "[4]"),
        Defect("a shape of other bytes", "wrong_size", "[2,2]", "[2,3]"),
        Defect("a shape that wraps", "size_overflow", "[2,2]", "[4611686018427387904,4]"),
        Defect("a negative shape", "size_overflow", "[2,2]", "[-2,-2]"),
        Defect("layers that do not fit", "invalid_value", "\"shape\":[1,2]", "\"shape\":[2,1]"),
        Defect("bytes outside the file", "out_of_bounds", "[12,20]", "[12,24]"),
        Defect("bytes that end before they begin", "out_of_bounds", "[12,20]", "[20,12]"),
        Defect("tensors that overlap", "overlap", "[4,12]", "[2,12]"),
        Defect("a hole", "hole", "[0,4]", "[0,2]"),
        Defect("bytes of no tensor", "trailing_bytes", "[12,20]", "[12,16]"),
        Defect("a tensor twice", "duplicate_name", "\"b.weight\"", "\"a.weight\""),
        Defect("no place", "missing_part", "\"data_offsets\":[12,20]", "\"offsets\":[12,20]"),
        Defect("metadata that is no text", "malformed_json", "\"pt\"", "1"),
    ]

    @Test(arguments: defects) func eachDefect_isRefusedByItsCode(defect: Defect) {
        #expect(SafetensorsImporterTests.header.contains(defect.old))
        let header = SafetensorsImporterTests.header.replacing(
            defect.old, with: defect.new, maxReplacements: 1)
        let error = #expect(throws: FormatError.self) { try load(SafetensorsImporterTests.file(header)) }
        #expect(error?.code == defect.code, "\(error.map(\.description) ?? "accepted")")
    }

    @Test(arguments: [
        ("{}", "missing_part"), ("[]", "missing_part"),
        ("{\"layers\":[\"linear a\"],\"depth\":1}", "unknown_part"),
        ("{\"layers\":[\"linear b\"],\"features\":[\"p\"]}", "wrong_shape"),
        ("{\"layers\":[\"linear b\",\"softmax\"],\"labels\":[\"p\",\"q\",\"r\"]}", "invalid_value"),
    ])
    func aDefectiveDescription_isRefused(text: String, code: String) {
        let error = #expect(throws: FormatError.self) {
            try load(SafetensorsImporterTests.file(), architecture: text)
        }
        #expect(error?.code == code, "\(error.map(\.description) ?? "accepted")")
    }

    @Test func everyTruncation_isRefused_andNoFlippedBitTraps() {
        let whole = SafetensorsImporterTests.file()
        for length in 0..<whole.count {
            #expect(throws: FormatError.self) { try load(Array(whole[..<length])) }
        }
        var bytes = whole
        for bit in 0..<whole.count * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if let graph = try? load(bytes) { #expect(throws: Never.self) { try graph.validate() } }
            bytes[bit / 8] = whole[bit / 8]
        }
    }
}
