// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// ONNX files that were cut off or whose bits flipped: read, compiled and run, or refused; never a trap.
struct GraphDamageTests {
    static let names = [
        "sk_ct_logreg", "sk_tree_cls", "sk_svc_linear", "sk_gmm", "torch_cnn_residual_dw", "torch_lstm_bidir",
        "ort_int8_mlp_dynamic", "onnx_treeensemble5_float", "mlflow_onnx", "sk_ridge_multi",
    ]

    /// How far the bytes came: 0 not read, 1 not compiled, 2 not answered, 3 answered.
    private func outcome(_ bytes: [UInt8]) -> Int {
        guard let graph = try? ModelFile.load(bytes.span, fileName: "model.onnx") else { return 0 }
        guard let model = try? CompiledModel(graph), let inputs = model.tensorInputs else { return 1 }
        var tensors: [Tensor] = []
        for input in inputs {
            let sizes = (input.dimensions ?? [nil, 4]).enumerated().map { $1 ?? ($0 == 0 ? 3 : 4) }
            let shape = Shape(sizes)
            guard let count = shape.checkedCount, count < 1 << 16 else { return 1 }
            let elements: TensorElements =
                input.datatype == .bytes
                ? .string([String](repeating: "old", count: count))
                : .float32((0..<count).map { Float($0 % 7) - 2 })
            tensors.append(Tensor(shape: shape, elements: elements))
        }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        return (try? model.predict(tensors, into: &predictions, scratch: &scratch)) == nil ? 2 : 3
    }

    @Test func truncations_areRefused() throws {
        let whole = try File.read(GraphCases.directory + "sk_ct_logreg/model.onnx", limit: 1 << 20)
        #expect(outcome(whole) == 3)
        // What stands behind the graph are versions: a file may end after any of them.
        let accepted = (0..<whole.count).filter { outcome(Array(whole[..<$0])) == 3 }
        #expect(accepted.count < 32, "\(accepted)")
    }

    @Test(arguments: names) func flippedBits_neverTrap(name: String) throws {
        let whole = try File.read(GraphCases.directory + "\(name)/model.onnx", limit: 1 << 20)
        var state: UInt64 = 88_172_645_463_325_252
        var counts = [0, 0, 0, 0]
        // Safe because the text is copied before anything could change the environment; no test does.
        let flips = unsafe getenv("MODELD_FLIPS").flatMap { unsafe Int(String(cString: $0)) } ?? 60
        for _ in 0..<flips {
            var bytes = whole
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let bit = Int(state % UInt64(whole.count * 8))
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            counts[outcome(bytes)] += 1
        }
        print("\(name): not read, not compiled, not answered, answered: \(counts)")
        #expect(counts.reduce(0, +) == flips)
    }
}
