// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import Testing

@testable import Inference
import ModelFormat

/// ONNX's own tests of its operators, one graph of one node each. `MODELD_OPERATOR_CASES` names another
/// recording of them to be tried, in which operators may be unclaimed.
struct OperatorNodeTests {
    private static func lines(_ file: String) throws -> [Substring] {
        let other = ProcessInfo.processInfo.environment["MODELD_OPERATOR_CASES"]
        let bytes = try File.read(other ?? GraphCases.directory + file, limit: 1 << 28)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    /// `node.jsonl` are ONNX's own cases; `classical.jsonl` are graphs of one `ai.onnx.ml` operator over its
    /// attributes, with what ONNX Runtime 1.32 answered; `operators.jsonl` are other graphs of one operator.
    @Test(arguments: ["node.jsonl", "classical.jsonl", "operators.jsonl"])
    func everyClaimedOperator_answersItsCases(file: String) throws {
        let lines = try Self.lines(file)
        var answered = 0
        var refused: [String] = []
        var wrong: [String] = []
        for line in lines {
            let record = try JSONValue.parse(Array(line.utf8).span)
            let name = try #require(record["case"]?.string)
            switch try outcome(of: record) {
            case .answered: answered += 1
            case .refused(let reason): refused.append("\(name): \(reason)")
            case .wrong(let reason): wrong.append("\(name): \(reason)")
            }
        }
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
        #expect(refused.isEmpty, "\(refused.joined(separator: "\n"))")
        #expect(answered + refused.count == lines.count)
        print("operator cases answered: \(answered), refused by name: \(refused.count)")
    }

    private enum Outcome {
        case answered
        case refused(String)
        case wrong(String)
    }

    /// Halves were recorded as the text form of their protobuf, with the bytes in octal.
    static func recorded(_ value: JSONValue) throws -> Tensor {
        guard value["dtype"]?.string == "string", let text = value["data"]?.array?.first?.string,
            text.hasPrefix("dims: "), let quoted = text.firstMatch(of: #/(?s)raw_data: "(.*)"/#)
        else { return try GraphCases.tensor(value) }
        let dimensions = text.matches(of: #/dims: (\d+)/#).compactMap { Int($0.1) }
        let code = try #require(text.firstMatch(of: #/data_type: (\d+)/#).flatMap { UInt64($0.1) })
        var message: [UInt8] = []
        for dimension in dimensions { message += [0x08, UInt8(dimension)] }
        message += [0x10, UInt8(code)]
        let raw = unescaped(Array(String(quoted.1).utf8))
        message += [0x4A, UInt8(raw.count)] + raw
        let reader = ONNXTensorReader(external: NoExternalTensorData())
        return Tensor(try reader.read(message.span, part: "a recorded tensor"))
    }

    private static func unescaped(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var place = 0
        let names: [UInt8: UInt8] = [0x6E: 10, 0x74: 9, 0x72: 13]
        while place < text.count {
            guard text[place] == UInt8(ascii: "\\"), place + 1 < text.count else {
                bytes.append(text[place])
                place += 1
                continue
            }
            if (0x30...0x37).contains(text[place + 1]) {
                let digits = text[(place + 1)...].prefix(3)
                bytes.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 0x30) })
                place += 4
            } else {
                bytes.append(names[text[place + 1]] ?? text[place + 1])
                place += 2
            }
        }
        return bytes
    }

    private func outcome(of record: JSONValue) throws -> Outcome {
        let text = try #require(record["model_onnx_base64"]?.string)
        let bytes = [UInt8](try #require(Data(base64Encoded: text)))
        let graph: CompiledGraph
        do {
            let file = try ONNXReader.read(bytes.span)
            graph = try CompiledGraph(file.graph)
        } catch let error as GraphError where error.kind == .unsupportedOperator {
            return .refused(error.description)
        } catch {
            return .wrong("\(error)")
        }
        do {
            var inputs: [Tensor] = []
            for input in graph.inputs {
                let value = try #require(record["inputs"]?[input.name], "input \(input.name)")
                inputs.append(try Self.recorded(value))
            }
            var outputs: [Tensor] = []
            try graph.run(inputs, into: &outputs, frame: GraphFrame())
            for (output, got) in zip(graph.outputs, outputs) {
                guard let value = record["expected"]?[output.name] else { continue }
                let difference = try GraphCases.difference(
                    got, try Self.recorded(value), relative: record["rtol"]?.double ?? 1e-3,
                    absolute: record["atol"]?.double ?? 1e-7)
                if let difference { return .wrong("\(output.name) \(difference)") }
            }
            return .answered
        } catch {
            return .wrong("\(error)")
        }
    }
}
