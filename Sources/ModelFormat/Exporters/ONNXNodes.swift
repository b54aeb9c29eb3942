// SPDX-License-Identifier: Apache-2.0

/// The nodes and constants of an ONNX graph while it is written; values are called by the numbers in which
/// they come.
struct ONNXNodes {
    private(set) var nodes: [ProtobufWriter] = []
    private(set) var constants: [ProtobufWriter] = []
    private var count = 0

    enum ElementType: Int {
        case float = 1
        case int64 = 7
        case string = 8
        case double = 11
    }

    typealias Attribute = (inout ProtobufWriter) -> Void

    private mutating func name() -> String {
        count += 1
        return "v\(count)"
    }

    /// A node with one output, whose name is returned.
    mutating func add(
        _ operation: String, _ inputs: [String], domain: String = "", output: String? = nil,
        _ attributes: [Attribute] = []
    ) -> String {
        let output = output ?? name()
        var node = ProtobufWriter()
        for input in inputs { node.add(1, input) }
        node.add(2, output)
        node.add(3, "\(operation)_\(nodes.count)")
        node.add(4, operation)
        for attribute in attributes { node.add(5, attribute) }
        if !domain.isEmpty { node.add(7, domain) }
        nodes.append(node)
        return output
    }

    /// A node that was made elsewhere.
    mutating func add(_ node: ProtobufWriter) { nodes.append(node) }

    // MARK: Constants

    mutating func numbers(_ values: [Double], shape: [Int]) -> String {
        constant(.double, shape, values.flatMap { bytes($0.bitPattern) })
    }

    /// [1, 1]
    mutating func number(_ value: Double) -> String { numbers([value], shape: [1, 1]) }

    mutating func floats(_ values: [Float], shape: [Int]) -> String {
        constant(.float, shape, values.flatMap { bytes($0.bitPattern) })
    }

    mutating func indices(_ values: [Int]) -> String {
        constant(.int64, [values.count], values.flatMap { bytes(Int64($0)) })
    }

    private mutating func constant(_ type: ElementType, _ shape: [Int], _ raw: [UInt8]) -> String {
        let name = name()
        var tensor = ProtobufWriter()
        for size in shape { tensor.add(1, size) }
        tensor.add(2, type.rawValue)
        tensor.add(8, name)
        tensor.add(9, raw)
        constants.append(tensor)
        return name
    }

    private func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    // MARK: Attributes

    static func whole(_ name: String, _ value: Int) -> Attribute {
        {
            $0.add(1, name)
            $0.add(3, value)
            $0.add(20, 2)
        }
    }

    static func real(_ name: String, _ value: Float) -> Attribute {
        {
            $0.add(1, name)
            $0.add(2, value)
            $0.add(20, 1)
        }
    }

    static func wholes(_ name: String, _ values: [Int]) -> Attribute {
        {
            $0.add(1, name)
            $0.add(8, values)
            $0.add(20, 7)
        }
    }

    static func reals(_ name: String, _ values: [Float]) -> Attribute {
        {
            $0.add(1, name)
            $0.add(7, values)
            $0.add(20, 6)
        }
    }

    static func words(_ name: String, _ values: [String]) -> Attribute {
        {
            $0.add(1, name)
            for value in values { $0.add(9, value) }
            $0.add(20, 8)
        }
    }

    // MARK: Shorthand

    mutating func cast(_ value: String, _ type: ElementType) -> String {
        add("Cast", [value], [ONNXNodes.whole("to", type.rawValue)])
    }

    mutating func isMissing(_ value: String) -> String { add("IsNaN", [value]) }

    mutating func choose(_ condition: String, _ yes: String, _ no: String) -> String {
        add("Where", [condition, yes, no])
    }

    /// Side by side.
    mutating func joined(_ values: [String]) -> String {
        values.count == 1 ? values[0] : add("Concat", values, [ONNXNodes.whole("axis", 1)])
    }

    /// [N, 1]
    mutating func column(_ index: Int, of matrix: String) -> String { columns([index], of: matrix) }

    mutating func columns(_ indices: [Int], of matrix: String) -> String {
        let list = self.indices(indices)
        return add("Gather", [matrix, list], [ONNXNodes.whole("axis", 1)])
    }

    /// The sum of each row, [N, 1].
    mutating func rowSum(_ matrix: String) -> String {
        let axis = indices([1])
        return add("ReduceSum", [matrix, axis], [ONNXNodes.whole("keepdims", 1)])
    }
}
