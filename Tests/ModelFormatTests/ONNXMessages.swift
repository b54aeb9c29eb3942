// SPDX-License-Identifier: Apache-2.0

/// Builds protobuf messages by hand, sound and unsound ones.
struct Message {
    private(set) var bytes: [UInt8] = []

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    func integer(_ field: Int, _ value: Int64) -> Message {
        var message = self
        message.varint(UInt64(field) << 3)
        message.varint(UInt64(bitPattern: value))
        return message
    }

    func bytes(_ field: Int, _ value: [UInt8]) -> Message {
        var message = self
        message.varint(UInt64(field) << 3 | 2)
        message.varint(UInt64(value.count))
        message.bytes += value
        return message
    }

    func text(_ field: Int, _ value: String) -> Message { bytes(field, Array(value.utf8)) }

    func message(_ field: Int, _ value: Message) -> Message { bytes(field, value.bytes) }

    func float(_ field: Int, _ value: Float) -> Message {
        var message = self
        message.varint(UInt64(field) << 3 | 5)
        for shift in [0, 8, 16, 24] {
            message.bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
        }
        return message
    }

    func raw(_ value: [UInt8]) -> Message {
        var message = self
        message.bytes += value
        return message
    }
}

/// Small ONNX models, part by part.
enum ONNXMessages {
    static func value(_ name: String, type: Int64 = 1, shape: [Int64] = [1]) -> Message {
        let dimensions = shape.reduce(Message()) { $0.message(1, Message().integer(1, $1)) }
        let tensor = Message().integer(1, type).message(2, dimensions)
        return Message().text(1, name).message(2, Message().message(1, tensor))
    }

    static func node(
        _ type: String, _ inputs: [String], _ outputs: [String], attributes: [Message] = []
    ) -> Message {
        var node = Message()
        for input in inputs { node = node.text(1, input) }
        for output in outputs { node = node.text(2, output) }
        node = node.text(4, type)
        for attribute in attributes { node = node.message(5, attribute) }
        return node
    }

    /// A Float32 tensor with its elements in `raw_data`.
    static func tensor(_ name: String, shape: [Int64], type: Int64 = 1, raw: [UInt8]) -> Message {
        shape.reduce(Message()) { $0.integer(1, $1) }.integer(2, type).text(8, name).bytes(9, raw)
    }

    static func graph(
        nodes: [Message], tensors: [Message] = [], inputs: [Message] = [value("x")],
        outputs: [Message] = [value("y")]
    ) -> Message {
        var graph = Message()
        for node in nodes { graph = graph.message(1, node) }
        for tensor in tensors { graph = graph.message(5, tensor) }
        for input in inputs { graph = graph.message(11, input) }
        for output in outputs { graph = graph.message(12, output) }
        return graph
    }

    static func model(_ graph: Message, version: Int64 = 17) -> [UInt8] {
        Message().integer(1, 8).text(2, "test").message(7, graph)
            .message(8, Message().text(1, "").integer(2, version)).bytes
    }

    static let relu = node("Relu", ["x"], ["y"])
}
