// SPDX-License-Identifier: Apache-2.0
import CFuzzer
import Inference
import ModelFormat

/// Reads any bytes as an ONNX file, compiles what is accepted, and with it the trial run that loading makes.
@_cdecl("ONNXFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        do {
            let file = try ONNXReader.read(bytes.span)
            let graph = ModelGraph(
                schema: .init(features: [.init(name: "x", kind: .numeric)]),
                estimator: .operatorGraph(file.graph),
                output: OutputDescription(transform: .identity))
            _ = try CompiledModel(graph)
        } catch {
            precondition(!"\(error)".isEmpty)
        }
        return 0
    }
}
