// SPDX-License-Identifier: Apache-2.0
import Base

/// Writes an operator graph as an ONNX model: what `ONNXReader` reads back as the same graph. The weights lie
/// in the file, functions are already in the place of the nodes that called them.
///
/// A native file holds a graph in this form (docs/reference/model-format.md).
struct ONNXWriter {
    /// The attribute that carries `OperatorNode.version`, for which ONNX has no place outside functions.
    static let versionAttribute = "modeld.version"

    /// The same graph gives the same bytes.
    ///
    /// - Parameter facts: what the model says of itself, by name.
    static func write(_ graph: OperatorGraph, facts: [String: String] = [:]) -> [UInt8] {
        var model = ProtobufWriter()
        model.add(1, 10)  // ir_version
        model.add(2, "modeld")
        model.add(7) { $0 = message(graph) }
        for (domain, version) in graph.operatorSets.sorted(by: { $0.key < $1.key }) {
            model.add(8) { operators in
                operators.add(1, domain)
                operators.add(2, version)
            }
        }
        for (key, value) in facts.sorted(by: { $0.key < $1.key }) {
            model.add(14) { pair in
                pair.add(1, key)
                pair.add(2, value)
            }
        }
        return model.bytes
    }

    private static func message(_ graph: OperatorGraph) -> ProtobufWriter {
        var message = ProtobufWriter()
        for node in graph.nodes { message.add(1) { $0 = self.message(node) } }
        message.add(2, graph.name)
        for constant in graph.constants { message.add(5) { $0 = self.message(constant) } }
        for value in graph.inputs { message.add(11) { $0 = self.message(value) } }
        for value in graph.outputs { message.add(12) { $0 = self.message(value) } }
        return message
    }

    private static func message(_ node: OperatorNode) -> ProtobufWriter {
        var message = ProtobufWriter()
        for name in node.inputs { message.add(1, name) }
        for name in node.outputs { message.add(2, name) }
        message.add(3, node.name)
        message.add(4, node.type)
        var attributes = node.attributes
        if let version = node.version { attributes[versionAttribute] = .integer(Int64(version)) }
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            message.add(5) { attribute in
                attribute.add(1, name)
                add(value, to: &attribute)
            }
        }
        message.add(7, node.domain)
        return message
    }

    /// The field of the value, and the field that says which it is.
    private static func add(_ value: OperatorAttribute, to message: inout ProtobufWriter) {
        let type: Int
        switch value {
        case .float(let number):
            message.add(2, number)
            type = 1
        case .integer(let number):
            message.add(3, Int(number))
            type = 2
        case .string(let text):
            message.add(4, text)
            type = 3
        case .tensor(let tensor):
            message.add(5) { $0 = self.message(tensor) }
            type = 4
        case .graph(let graph):
            message.add(6) { $0 = self.message(graph) }
            type = 5
        case .floats(let numbers):
            message.add(7, numbers)
            type = 6
        case .integers(let numbers):
            message.add(8, numbers.map { Int($0) })
            type = 7
        case .strings(let texts):
            for text in texts { message.add(9, text) }
            type = 8
        }
        message.add(20, type)
    }

    private static func message(_ tensor: ConstantTensor) -> ProtobufWriter {
        var message = ProtobufWriter()
        message.add(1, tensor.shape)
        message.add(2, tensor.elements.type.rawValue)
        message.add(8, tensor.name)
        if case .string(let texts) = tensor.elements {
            for text in texts { message.add(6, text) }
        } else {
            message.add(9, tensor.elements.littleEndian)
        }
        return message
    }

    private static func message(_ value: GraphValue) -> ProtobufWriter {
        var message = ProtobufWriter()
        message.add(1, value.name)
        switch value.kind {
        case .unknown: break
        case .sequence: message.add(2) { $0.add(4, [UInt8]()) }
        case .map: message.add(2) { $0.add(5, [UInt8]()) }
        case .tensor(let element, let shape):
            message.add(2) { type in
                type.add(1) { tensor in
                    tensor.add(1, element.rawValue)
                    guard let shape else { return }
                    tensor.add(2) { message in
                        for dimension in shape {
                            switch dimension {
                            case .fixed(let size): message.add(1) { $0.add(1, size) }
                            case .symbol(let name): message.add(1) { if !name.isEmpty { $0.add(2, name) } }
                            }
                        }
                    }
                }
            }
        }
        return message
    }
}

extension OperatorGraph {
    /// The graph with the versions of its nodes where `ONNXWriter` left them.
    func takingVersions() -> OperatorGraph {
        var graph = self
        for index in graph.nodes.indices {
            let attributes = graph.nodes[index].attributes
            for (name, value) in attributes {
                switch value {
                case .integer(let version) where name == ONNXWriter.versionAttribute:
                    graph.nodes[index].attributes[name] = nil
                    graph.nodes[index].version = Int(exactly: version)
                case .graph(let inner): graph.nodes[index].attributes[name] = .graph(inner.takingVersions())
                default: break
                }
            }
        }
        return graph
    }
}

extension TensorElements {
    /// The elements' bytes, as `init(littleEndian:type:)` reads them; none of strings.
    var littleEndian: [UInt8] {
        func encode<Value, Bits: FixedWidthInteger>(_ values: [Value], _ bits: (Value) -> Bits) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(values.count * Bits.bitWidth / 8)
            for value in values {
                var rest = bits(value)
                for _ in 0..<Bits.bitWidth / 8 {
                    bytes.append(UInt8(truncatingIfNeeded: rest))
                    rest = Bits.bitWidth > 8 ? rest >> 8 : 0
                }
            }
            return bytes
        }
        return switch self {
        case .float32(let values): encode(values, \.bitPattern)
        case .uint8(let values): values
        case .int8(let values): encode(values) { $0 }
        case .uint16(let values): encode(values) { $0 }
        case .int16(let values): encode(values) { $0 }
        case .int32(let values): encode(values) { $0 }
        case .int64(let values): encode(values) { $0 }
        case .string: []
        case .bool(let values): values.map { $0 ? 1 : 0 }
        case .float16(let values): encode(values, \.bitPattern)
        case .float64(let values): encode(values, \.bitPattern)
        case .uint32(let values): encode(values) { $0 }
        case .uint64(let values): encode(values) { $0 }
        case .bfloat16(let values): encode(values, \.bits)
        }
    }
}
