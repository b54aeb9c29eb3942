// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import TestKit
import Testing

@testable import ModelFormat

/// Weights beside an ONNX file: read beneath the model's directory, and nowhere else.
struct ExternalTensorTests {
    private typealias M = ONNXMessages

    private func model(_ location: String, offset: String? = nil, length: String? = nil) -> [UInt8] {
        var tensor = Message().integer(1, 1).integer(2, 1).text(8, "w").integer(14, 1)
            .message(13, Message().text(1, "location").text(2, location))
        if let offset { tensor = tensor.message(13, Message().text(1, "offset").text(2, offset)) }
        if let length { tensor = tensor.message(13, Message().text(1, "length").text(2, length)) }
        return M.model(M.graph(nodes: [M.node("Add", ["x", "w"], ["y"])], tensors: [tensor]))
    }

    private func load(_ bytes: [UInt8], in directory: TemporaryDirectory) -> Result<
        TensorElements?, FormatError
    > {
        do {
            let external = ExternalTensorFiles(besides: directory.path("model/model.onnx"))
            let graph = try ModelFile.load(bytes.span, fileName: "model.onnx", external: external)
            guard case .operatorGraph(let operators) = graph.estimator else { return .success(nil) }
            return .success(operators.constants.first?.elements)
        } catch {
            return .failure(error)
        }
    }

    private func layout(_ directory: TemporaryDirectory) throws {
        let bytes: [UInt8] = [9, 9, 9, 9, 0, 0, 0x80, 0x3F]
        try directory.write(bytes, to: "model/parts/w.bin")
        try directory.write(bytes, to: "secret.bin")
        // Safe because the paths live for the calls.
        unsafe symlink("parts/w.bin", directory.path("model/inside"))
        unsafe symlink("../secret.bin", directory.path("model/outside"))
    }

    @Test func weightsBeneathTheDirectory_areRead() throws {
        try TemporaryDirectory.with { directory in
            try layout(directory)
            for location in ["parts/w.bin", "inside", "parts/../parts/w.bin"] {
                let elements = try load(model(location, offset: "4"), in: directory).get()
                #expect(elements == .float32([1]), "\(location)")
            }
        }
    }

    @Test(arguments: [
        "../secret.bin", "/etc/passwd", "outside", "parts", "missing", "parts/../../secret.bin", "",
    ])
    func weightsElsewhere_areRefused(location: String) throws {
        try TemporaryDirectory.with { directory in
            try layout(directory)
            #expect(throws: FormatError.self) { try load(model(location), in: directory).get() }
        }
    }

    @Test(arguments: [("8", nil), ("-4", nil), ("x", nil), ("0", "8"), ("9223372036854775807", nil)])
    func weightsOutsideTheirFile_areRefused(offset: String, length: String?) throws {
        try TemporaryDirectory.with { directory in
            try layout(directory)
            let bytes = model("parts/w.bin", offset: offset, length: length)
            #expect(throws: FormatError.self) { try load(bytes, in: directory).get() }
        }
    }
}
