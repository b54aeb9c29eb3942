// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat

@testable import Inference

/// Tensors and expectations as the recorded cases of operator graphs write them.
enum GraphCases {
    /// Beside the models of other libraries (`OriginalAnswers.root`).
    static let directory = OriginalAnswers.root + "onnx/"

    /// The elements of arrays of any shape, one after the other.
    static func flat(_ value: JSONValue) -> [JSONValue] {
        if case .array(let elements) = value { elements.flatMap(flat) } else { [value] }
    }

    static func number(_ value: JSONValue) -> Double {
        switch value {
        case .string("Infinity"), .string("inf"): .infinity
        case .string("-Infinity"), .string("-inf"): -.infinity
        case .bool(let flag): flag ? 1 : 0
        default: value.double ?? .nan
        }
    }

    /// `{"dtype": …, "shape": …, "data": […]}`; without a dtype Float32.
    static func tensor(_ value: JSONValue) throws -> Tensor {
        let data = flat(value["data"] ?? .array([]))
        let shape = Shape(value["shape"]?.array?.compactMap { $0.integer.map { Int($0) } } ?? [])
        let name = value["dtype"]?.string ?? "float32"
        if name == "string" || name == "object" {
            return Tensor(shape: shape, elements: .string(data.map { $0.string ?? "" }))
        }
        let types: [String: ElementType] = [
            "float32": .float32, "float64": .float64, "int64": .int64, "int32": .int32, "int16": .int16,
            "int8": .int8, "uint8": .uint8, "uint16": .uint16, "uint32": .uint32, "uint64": .uint64,
            "bool": .bool, "float16": .float16,
        ]
        guard let type = types[name] else { throw UnknownType(name: name) }
        if case .float64 = type {
            return Tensor(shape: shape, elements: .float64(data.map(number)))
        }
        if type == .float32 || type == .float16 {
            return try Tensor(shape: shape, elements: .float64(data.map(number))).cast(to: type)
        }
        let whole = data.map { value -> Int64 in
            if let integer = value.integer { return integer }
            return Int64(truncating: number(value))
        }
        return try Tensor(shape: shape, elements: .int64(whole)).cast(to: type)
    }

    struct UnknownType: Error {
        var name: String
    }

    /// The first difference between what a graph answered and what it should have, nil where they agree.
    static func difference(
        _ got: Tensor, _ expected: Tensor, relative: Double, absolute: Double
    ) throws -> String? {
        guard got.shape == expected.shape else { return "shape \(got.shape) for \(expected.shape)" }
        guard got.type == expected.type else { return "type \(got.type) for \(expected.type)" }
        if case .string(let texts) = expected.elements, case .string(let answers) = got.elements {
            for index in 0..<expected.count where texts[index] != answers[index] {
                return "\(index): \(answers[index]) for \(texts[index])"
            }
            return nil
        }
        let answers = try got.converted(toFloating: Double.self)
        let values = try expected.converted(toFloating: Double.self)
        for index in values.indices {
            let (answer, value) = (answers[index], values[index])
            if value.isNaN && answer.isNaN || value == answer { continue }
            if !(abs(answer - value) <= absolute + relative * abs(value)) {
                return "\(index): \(answer) for \(value)"
            }
        }
        return nil
    }
}
