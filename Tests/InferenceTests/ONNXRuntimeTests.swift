// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Models run by ONNX Runtime, where its library is: `MODELD_ONNX_RUNTIME` names it, else that of the tests'
/// Python environment is taken (`scripts/python-environment`).
@Suite(.enabled(if: RuntimeModels.library != nil, "there is no libonnxruntime.so"))
struct ONNXRuntimeTests {
    @Test func rowsOfNumbers_areAnsweredWithTheBitsOfEachRowAlone() throws {
        let case_ = try RuntimeModels.recorded("normalized")
        let model = try RuntimeModels.model("normalized")
        #expect(model.tensorInputs?.map(\.name) == ["x"])
        #expect(model.outputs.map(\.name) == ["normalized"])
        #expect(model.schema.count == 48)
        let expected = case_.numbers("normalized")
        for count in [1, 2, 5, 9] {
            let answer = try #require(
                try RuntimeModels.answer(model, [case_.tensor(rows: 0..<count)]).first)
            #expect(answer.shape == Shape(count, 24))
            guard case .float32(let got) = answer.elements else { return #expect(Bool(false)) }
            // The recording was made row by row: Float32 survives its text.
            #expect(got.map(Double.init) == Array(expected.prefix(count * 24)))
        }
    }

    @Test func rowsThatKnowOfEachOther_areRunTogether() throws {
        let case_ = try RuntimeModels.recorded("centred")
        let model = try RuntimeModels.model("centred")
        let answer = try #require(try RuntimeModels.answer(model, [case_.tensor(rows: 0..<9)]).first)
        let got = try answer.converted(toFloating: Double.self)
        #expect(zip(got, case_.numbers("centred")).allSatisfy { abs($0 - $1) <= 1e-5 })
    }

    @Test func scoresByLabel_areAMatrix() throws {
        let case_ = try RuntimeModels.recorded("zipmap")
        let model = try RuntimeModels.model("zipmap")
        let answers = try RuntimeModels.answer(model, [case_.tensor(rows: 0..<9)])
        #expect(try answers[0].converted(toFloating: Double.self) == case_.numbers("label"))
        #expect(answers[1].shape == Shape(9, 3))
        #expect(try answers[1].converted(toFloating: Double.self) == case_.numbers("probabilities"))
    }

    @Test func texts_goInAndComeOut() throws {
        let model = try RuntimeModels.model("text")
        let texts = Tensor(shape: Shape(4, 1), elements: .string(["10115", "Köln", "", "123456"]))
        let answers = try RuntimeModels.answer(model, [texts])
        #expect(answers[0].elements == .bool([true, false, false, false]))
        #expect(answers[1].elements == .string(["1011510115", "KölnKöln", "", "123456123456"]))
    }

    @Test func textWithNUL_isAnErrorAndNoShorterText() throws {
        let model = try RuntimeModels.model("text")
        let texts = Tensor(shape: Shape(1, 1), elements: .string(["101\u{0}15"]))
        #expect(throws: GraphError.self) { try RuntimeModels.answer(model, [texts]) }
    }

    @Test func inputsOfAnotherShape_areTheRequestsError() throws {
        let model = try RuntimeModels.model("normalized")
        let narrow = Tensor(shape: Shape(2, 7), elements: .float32([Float](repeating: 1, count: 14)))
        let error = #expect(throws: GraphError.self) { try RuntimeModels.answer(model, [narrow]) }
        #expect(error?.place == "ONNX Runtime")
    }

    @Test func damagedFile_isRefusedWithItsReason() throws {
        let whole = try RuntimeModels.bytes("normalized")
        let interface = try RuntimeModels.interface(whole)
        let half = Array(whole.prefix(whole.count / 2))
        let library = try RuntimeModels.open()
        #expect(throws: ONNXRuntimeError.self) {
            _ = try ONNXRuntimeSession(half.span, interface: interface, library: library)
        }
    }

    @Test func threads_shareOneModel() async throws {
        let case_ = try RuntimeModels.recorded("normalized")
        let model = try RuntimeModels.model("normalized")
        let expected = case_.numbers("normalized")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<50 {
                        let answer = try RuntimeModels.answer(model, [case_.tensor(rows: 0..<9)])[0]
                        if try answer.converted(toFloating: Double.self) != expected { return false }
                    }
                    return true
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    /// The same recordings that our own operators are tried with; what the library itself does not know is
    /// listed.
    @Test func recordedOperators_areAnswered() throws {
        let other = ProcessInfo.processInfo.environment["MODELD_OPERATOR_CASES"]
        let bytes = try File.read(other ?? GraphCases.directory + "node.jsonl", limit: 1 << 28)
        var (answered, refused, wrong) = (0, [String](), [String]())
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let record = try JSONValue.parse(Array(line.utf8).span)
            let name = try #require(record["case"]?.string)
            do {
                if let difference = try difference(record) {
                    wrong.append("\(name): \(difference)")
                } else {
                    answered += 1
                }
            } catch let error as ONNXRuntimeError {
                refused.append("\(name): \(error.reason)")
            } catch {
                wrong.append("\(name): \(error)")
            }
        }
        print("operator cases by ONNX Runtime: \(answered), refused \(refused.count)")
        print(refused.joined(separator: "\n"))
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
        #expect(answered >= 300 || other != nil)
    }

    private func difference(_ record: JSONValue) throws -> String? {
        let text = try #require(record["model_onnx_base64"]?.string)
        let bytes = [UInt8](try #require(Data(base64Encoded: text)))
        let interface = try RuntimeModels.interface(bytes)
        let session = try ONNXRuntimeSession(
            bytes.span, interface: interface, library: try RuntimeModels.open())
        var inputs: [Tensor] = []
        for input in interface.inputs {
            guard case .tensor(let type, _) = input.kind else {
                throw ONNXRuntimeError.failed(reason: "an input is no tensor")
            }
            let tensor = try OperatorNodeTests.recorded(
                try #require(record["inputs"]?[input.name], "input \(input.name)"))
            inputs.append(tensor.type == type ? tensor : try tensor.cast(to: type))
        }
        var outputs: [Tensor] = []
        try session.run(inputs, into: &outputs)
        for (output, got) in zip(interface.outputs, outputs) {
            guard let value = record["expected"]?[output.name] else { continue }
            let difference = try GraphCases.difference(
                got, try OperatorNodeTests.recorded(value), relative: record["rtol"]?.double ?? 1e-3,
                absolute: record["atol"]?.double ?? 1e-7)
            if let difference { return "\(output.name) \(difference)" }
        }
        return nil
    }
}

struct ONNXRuntimeLibraryTests {
    @Test func absentLibrary_isSaidSo() {
        let error = #expect(throws: ONNXRuntimeError.self) {
            _ = try ONNXRuntimeLibrary.open(path: "/nowhere/libonnxruntime.so.1")
        }
        guard case .notInstalled(let reason) = error else { return #expect(Bool(false)) }
        #expect(reason.contains("/nowhere/libonnxruntime.so.1"))
    }

    @Test func anotherLibrary_isRefused() {
        let error = #expect(throws: ONNXRuntimeError.self) {
            _ = try ONNXRuntimeLibrary.open(path: "libm.so.6")
        }
        guard case .unusable(let reason) = error else { return #expect(Bool(false)) }
        #expect(reason.contains("OrtGetApiBase"))
    }
}

/// The models of `Tests/Fixtures/models/onnxruntime`.
enum RuntimeModels {
    static let directory = GraphCases.directory + "../onnxruntime/"

    /// Nil where the library is not installed: then what needs it is not tested here.
    static let library: String? = {
        if let path = ProcessInfo.processInfo.environment["MODELD_ONNX_RUNTIME"] { return path }
        let environment = GraphCases.directory + "../../../../.build/venv/lib"
        for python in ((try? Directory.names(in: environment)) ?? []).compactMap({ $0 }) {
            let folder = "\(environment)/\(python)/site-packages/onnxruntime/capi"
            let names = ((try? Directory.names(in: folder)) ?? []).compactMap { $0 }
            if let name = names.first(where: { $0.hasPrefix("libonnxruntime.so") }) {
                return "\(folder)/\(name)"
            }
        }
        return nil
    }()

    static func open() throws -> ONNXRuntimeLibrary { try ONNXRuntimeLibrary.open(path: library) }

    static func bytes(_ name: String) throws -> [UInt8] {
        try File.read(directory + "\(name).onnx", limit: 1 << 20)
    }

    static func interface(_ bytes: [UInt8]) throws -> OperatorGraph {
        try ONNXReader.readInterface(bytes.span).graph
    }

    static func model(_ name: String) throws -> CompiledModel {
        let bytes = try bytes(name)
        let graph = try ModelFile.onnxInterface(bytes.span)
        let session = try ONNXRuntimeSession(
            bytes.span, interface: try interface(bytes), library: try open())
        return try CompiledModel(graph, session: session)
    }

    static func answer(_ model: CompiledModel, _ inputs: [Tensor]) throws -> [Tensor] {
        var predictions = Predictions()
        var scratch = InferenceScratch()
        try model.predict(inputs, into: &predictions, scratch: &scratch)
        return predictions.tensors
    }

    static func recorded(_ name: String) throws -> RuntimeCase {
        let text = try File.read(directory + "cases.json", limit: 1 << 20)
        return RuntimeCase(record: try #require(try JSONValue.parse(text.span)[name]))
    }
}

struct RuntimeCase: Sendable {
    var record: JSONValue

    func numbers(_ output: String) -> [Double] {
        GraphCases.flat(record["expected"]?[output] ?? .null).map(GraphCases.number)
    }

    func tensor(rows: Range<Int>) -> Tensor {
        let rows = (record["rows"]?.array ?? [])[rows]
        let numbers = rows.flatMap { GraphCases.flat($0).map { Float(GraphCases.number($0)) } }
        return Tensor(
            shape: Shape(rows.count, numbers.count / max(rows.count, 1)), elements: .float32(numbers))
    }
}
