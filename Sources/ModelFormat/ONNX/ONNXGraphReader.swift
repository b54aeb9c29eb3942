// SPDX-License-Identifier: Apache-2.0
import Base

/// Reads GraphProto, NodeProto, AttributeProto and ValueInfoProto.
struct ONNXGraphReader {
    let operatorSets: [String: Int]
    let external: any ExternalTensorData

    func read(_ bytes: Span<UInt8>, depth: Int) throws(FormatError) -> OperatorGraph {
        guard depth < ONNXLimits.depthMax else {
            throw .invalidValue(
                part: "the ONNX graph", reason: "graphs are nested more than \(ONNXLimits.depthMax) deep")
        }
        var reader = ProtobufReader(bytes, part: "the ONNX graph")
        var graph = OperatorGraph(
            name: "", operatorSets: operatorSets, inputs: [], outputs: [], constants: [], nodes: [])
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .bytes):
                try limit(graph.nodes.count, ONNXLimits.nodesMax, "nodes")
                let range = try reader.readRange()
                graph.nodes.append(
                    try readNode(bytes.extracting(range), index: graph.nodes.count, depth: depth))
            case (2, .bytes): graph.name = try reader.readString()
            case (5, .bytes):
                try limit(graph.constants.count, ONNXLimits.valuesMax, "initializers")
                let range = try reader.readRange()
                graph.constants.append(
                    try ONNXTensorReader(external: external)
                        .read(bytes.extracting(range), part: "initializer \(graph.constants.count)"))
            case (11, .bytes):
                try limit(graph.inputs.count, ONNXLimits.portsMax, "inputs")
                let range = try reader.readRange()
                graph.inputs.append(try readValue(bytes.extracting(range)))
            case (12, .bytes):
                try limit(graph.outputs.count, ONNXLimits.portsMax, "outputs")
                let range = try reader.readRange()
                graph.outputs.append(try readValue(bytes.extracting(range)))
            case (15, .bytes):
                throw .unsupported(
                    part: "sparse_initializer", advice: "store the weights as dense tensors")
            case (1, _), (5, _), (11, _), (12, _):
                throw .invalidValue(part: "the ONNX graph", reason: "field \(field.number) is no message")
            default: try reader.skip(field.wire)
            }
        }
        let constantNames = Set(graph.constants.map(\.name))
        graph.inputs.removeAll { constantNames.contains($0.name) }
        return graph
    }

    private func limit(_ count: Int, _ most: Int, _ what: String) throws(FormatError) {
        if count >= most {
            throw .invalidValue(part: "the ONNX graph", reason: "it has more than \(most) \(what)")
        }
    }

    // MARK: Nodes

    private func readNode(
        _ bytes: Span<UInt8>, index: Int, depth: Int
    ) throws(FormatError) -> OperatorNode {
        var reader = ProtobufReader(bytes, part: "node \(index)")
        var node = OperatorNode(name: "", domain: "", type: "", inputs: [], outputs: [], attributes: [:])
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .bytes):
                try limit(node.inputs.count, ONNXLimits.portsMax, "inputs of a node")
                node.inputs.append(try reader.readString())
            case (2, .bytes):
                try limit(node.outputs.count, ONNXLimits.portsMax, "outputs of a node")
                node.outputs.append(try reader.readString())
            case (3, .bytes): node.name = try reader.readString()
            case (4, .bytes): node.type = try reader.readString()
            case (5, .bytes):
                try limit(node.attributes.count, ONNXLimits.attributesMax, "attributes of a node")
                let range = try reader.readRange()
                let (name, attribute, source) = try readAttribute(
                    bytes.extracting(range), node: index, depth: depth)
                if let source {
                    node.attributeSources[name] = source
                    continue
                }
                guard let attribute else { continue }
                guard node.attributes.updateValue(attribute, forKey: name) == nil else {
                    throw .duplicateName(part: "node \(index)", name: name)
                }
            case (7, .bytes): node.domain = try reader.readString()
            case (1, _), (2, _), (4, _), (5, _):
                throw .invalidValue(part: "node \(index)", reason: "field \(field.number) has another type")
            default: try reader.skip(field.wire)
            }
        }
        if node.domain == "ai.onnx" { node.domain = "" }
        guard !node.type.isEmpty else {
            throw .invalidValue(part: "node \(index)", reason: "it names no operator")
        }
        return node
    }

    /// The values of an AttributeProto as they come; `type` says which of them counts.
    private struct Parts {
        var name = ""
        var type: Int?
        var float: Float?
        var integer: Int64?
        var string: Range<Int>?
        var tensor: Range<Int>?
        var graph: Range<Int>?
        var floats: [Float] = []
        var integers: [Int64] = []
        var strings: [String] = []
    }

    private func readAttribute(
        _ bytes: Span<UInt8>, node: Int, depth: Int
    ) throws(FormatError) -> (name: String, value: OperatorAttribute?, source: String?) {
        var parts = Parts()
        var source: String?
        var reader = ProtobufReader(bytes, part: "an attribute of node \(node)")
        while let field = try reader.nextField() {
            switch field.number {
            case 1: parts.name = try reader.readString()
            case 20:
                try reader.expect(field, .varint)
                parts.type = Int(truncatingIfNeeded: try reader.readVarint())
            case 2:
                try reader.expect(field, .fixed32)
                parts.float = Float(bitPattern: try reader.readFixed32())
            case 3:
                try reader.expect(field, .varint)
                parts.integer = Int64(bitPattern: try reader.readVarint())
            case 4:
                try reader.expect(field, .bytes)
                parts.string = try reader.readRange()
            case 5:
                try reader.expect(field, .bytes)
                parts.tensor = try reader.readRange()
            case 6:
                try reader.expect(field, .bytes)
                parts.graph = try reader.readRange()
            case 7: try reader.readFloats(field.wire, into: &parts.floats)
            case 8: try reader.readIntegers(field.wire, into: &parts.integers)
            case 9:
                try reader.expect(field, .bytes)
                parts.strings.append(try reader.readString())
            case 21: source = try reader.readString()
            default: try reader.skip(field.wire)
            }
        }
        if let source, !source.isEmpty { return (parts.name, nil, source) }
        return (parts.name, try attribute(parts, bytes, node: node, depth: depth), nil)
    }

    /// Old files leave the type out: then the field that is filled says it.
    private func attribute(
        _ parts: Parts, _ bytes: Span<UInt8>, node: Int, depth: Int
    ) throws(FormatError) -> OperatorAttribute? {
        let type =
            parts.type
            ?? (parts.float != nil
                ? 1
                : parts.integer != nil
                    ? 2
                    : parts.string != nil
                        ? 3
                        : parts.tensor != nil
                            ? 4
                            : parts.graph != nil
                                ? 5 : !parts.floats.isEmpty ? 6 : parts.strings.isEmpty ? 7 : 8)
        switch type {
        case 1: return .float(parts.float ?? 0)
        case 2: return .integer(parts.integer ?? 0)
        case 3:
            let text = String(validating: bytes.extracting(parts.string ?? 0..<0))
            guard let text, text.utf8.count <= ONNXLimits.stringBytesMax else {
                throw .invalidValue(
                    part: "attribute \(parts.name) of node \(node)", reason: "no valid UTF-8")
            }
            return .string(text)
        case 4:
            guard let range = parts.tensor else { return nil }
            return .tensor(
                try ONNXTensorReader(external: external)
                    .read(bytes.extracting(range), part: "attribute \(parts.name) of node \(node)"))
        case 5:
            guard let range = parts.graph else { return nil }
            return .graph(try read(bytes.extracting(range), depth: depth + 1))
        case 6: return .floats(parts.floats)
        case 7: return .integers(parts.integers)
        case 8: return .strings(parts.strings)
        default:
            throw .unsupported(
                part: "attribute \(parts.name) of node \(node)",
                advice: "its type \(type) is used by no operator that is read here")
        }
    }

    // MARK: Functions

    func readFunction(_ bytes: Span<UInt8>) throws(FormatError) -> ONNXFunction {
        var reader = ProtobufReader(bytes, part: "a function")
        var function = ONNXFunction()
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .bytes): function.name = try reader.readString()
            case (4, .bytes):
                try limit(function.inputs.count, ONNXLimits.portsMax, "inputs of a function")
                function.inputs.append(try reader.readString())
            case (5, .bytes):
                try limit(function.outputs.count, ONNXLimits.portsMax, "outputs of a function")
                function.outputs.append(try reader.readString())
            case (7, .bytes):
                try limit(function.nodes.count, ONNXLimits.nodesMax, "nodes")
                let range = try reader.readRange()
                function.nodes.append(
                    try readNode(bytes.extracting(range), index: function.nodes.count, depth: 0))
            case (9, .bytes):
                let range = try reader.readRange()
                try ONNXReader.readOperatorSet(bytes.extracting(range), into: &function.operatorSets)
            case (10, .bytes): function.domain = try reader.readString()
            case (11, .bytes):
                let range = try reader.readRange()
                let attribute = try readAttribute(bytes.extracting(range), node: 0, depth: 0)
                function.defaults[attribute.name] = attribute.value
            default: try reader.skip(field.wire)
            }
        }
        if function.domain == "ai.onnx" { function.domain = "" }
        guard !function.name.isEmpty else {
            throw .invalidValue(part: "a function", reason: "it has no name")
        }
        return function
    }

    // MARK: Values

    func readValue(_ bytes: Span<UInt8>) throws(FormatError) -> GraphValue {
        var reader = ProtobufReader(bytes, part: "a graph input or output")
        var value = GraphValue(name: "", kind: .unknown)
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .bytes): value.name = try reader.readString()
            case (2, .bytes):
                let range = try reader.readRange()
                value.kind = try readType(bytes.extracting(range))
            default: try reader.skip(field.wire)
            }
        }
        return value
    }

    private func readType(_ bytes: Span<UInt8>) throws(FormatError) -> GraphValue.Kind {
        var reader = ProtobufReader(bytes, part: "a type")
        var kind = GraphValue.Kind.unknown
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .bytes):
                let range = try reader.readRange()
                kind = try readTensorType(bytes.extracting(range))
            case (4, .bytes):
                try reader.skip(field.wire)
                kind = .sequence
            case (5, .bytes):
                try reader.skip(field.wire)
                kind = .map
            default: try reader.skip(field.wire)
            }
        }
        return kind
    }

    private func readTensorType(_ bytes: Span<UInt8>) throws(FormatError) -> GraphValue.Kind {
        var reader = ProtobufReader(bytes, part: "a tensor type")
        var code = 0
        var shape: [GraphValue.Dimension]?
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .varint): code = Int(truncatingIfNeeded: try reader.readVarint())
            case (2, .bytes):
                let range = try reader.readRange()
                shape = try readShape(bytes.extracting(range))
            default: try reader.skip(field.wire)
            }
        }
        if code == 0 { return .unknown }
        guard let type = ElementType(rawValue: code) else {
            throw .unsupported(
                part: "element type \(code) of a graph input or output",
                advice: "use a float, integer, bool or string type")
        }
        return .tensor(type, shape: shape)
    }

    private func readShape(_ bytes: Span<UInt8>) throws(FormatError) -> [GraphValue.Dimension] {
        var reader = ProtobufReader(bytes, part: "a shape")
        var shape: [GraphValue.Dimension] = []
        while let field = try reader.nextField() {
            guard field.number == 1, field.wire == .bytes else {
                try reader.skip(field.wire)
                continue
            }
            let range = try reader.readRange()
            var dimension = ProtobufReader(bytes.extracting(range), part: "a dimension")
            var size = GraphValue.Dimension.symbol("")
            while let field = try dimension.nextField() {
                switch (field.number, field.wire) {
                case (1, .varint):
                    let value = Int64(bitPattern: try dimension.readVarint())
                    size = value >= 0 && value < ONNXLimits.elementsMax ? .fixed(Int(value)) : .symbol("")
                case (2, .bytes): size = .symbol(try dimension.readString())
                default: try dimension.skip(field.wire)
                }
            }
            shape.append(size)
            guard shape.count <= ONNXLimits.rankMax else {
                throw .invalidValue(
                    part: "a shape", reason: "more than \(ONNXLimits.rankMax) dimensions")
            }
        }
        return shape
    }
}
