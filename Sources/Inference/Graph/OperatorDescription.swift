// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// What a kernel is made from: the node, its operator set's version, and the inputs that are constants.
struct OperatorDescription {
    let node: OperatorNode
    /// Version of the operator set that the node belongs to.
    let version: Int
    /// Constants among the inputs, nil for others.
    let constants: [Tensor?]
    /// What a row of each input looks like, where the graph's own inputs say it; nil for others.
    var rowShapes: [Shape?] = []
    /// For graphs inside the node: makes a compiled graph and says which names of the outer graphs it reads.
    let operatorSets: [String: Int]

    var inputCount: Int { node.inputs.count }
    var outputCount: Int { node.outputs.count }

    func hasInput(_ index: Int) -> Bool { index < node.inputs.count && !node.inputs[index].isEmpty }

    func hasOutput(_ index: Int) -> Bool { index < node.outputs.count && !node.outputs[index].isEmpty }

    func constant(_ index: Int) -> Tensor? { index < constants.count ? constants[index] : nil }

    func has(_ name: String) -> Bool { node.attributes[name] != nil }

    func integer(_ name: String) throws(OperatorError) -> Int? {
        switch node.attributes[name] {
        case nil: return nil
        case .integer(let value):
            // Far beyond any size, and so that sums of a few never overflow.
            return Int(max(min(value, 1 << 60), -(1 << 60)))
        default: throw wrong(name, "an integer")
        }
    }

    func integer(_ name: String, default value: Int) throws(OperatorError) -> Int {
        try integer(name) ?? value
    }

    func flag(_ name: String, default value: Bool = false) throws(OperatorError) -> Bool {
        try integer(name).map { $0 != 0 } ?? value
    }

    func integers(_ name: String) throws(OperatorError) -> [Int]? {
        switch node.attributes[name] {
        case nil: return nil
        case .integers(let values): return values.map { Int(max(min($0, 1 << 60), -(1 << 60))) }
        default: throw wrong(name, "a list of integers")
        }
    }

    func longs(_ name: String) throws(OperatorError) -> [Int64]? {
        switch node.attributes[name] {
        case nil: return nil
        case .integers(let values): return values
        default: throw wrong(name, "a list of integers")
        }
    }

    func float(_ name: String, default value: Float) throws(OperatorError) -> Float {
        switch node.attributes[name] {
        case nil: return value
        case .float(let found): return found
        default: throw wrong(name, "a float")
        }
    }

    func floats(_ name: String) throws(OperatorError) -> [Float]? {
        switch node.attributes[name] {
        case nil: return nil
        case .floats(let values): return values
        // An empty list without a type reads as integers.
        case .integers(let values) where values.isEmpty: return []
        default: throw wrong(name, "a list of floats")
        }
    }

    func string(_ name: String, default value: String) throws(OperatorError) -> String {
        switch node.attributes[name] {
        case nil: return value
        case .string(let found): return found
        default: throw wrong(name, "a string")
        }
    }

    func strings(_ name: String) throws(OperatorError) -> [String]? {
        switch node.attributes[name] {
        case nil: return nil
        case .strings(let values): return values
        case .integers(let values) where values.isEmpty: return []
        default: throw wrong(name, "a list of strings")
        }
    }

    func tensor(_ name: String) throws(OperatorError) -> ConstantTensor? {
        switch node.attributes[name] {
        case nil: return nil
        case .tensor(let value): return value
        default: throw wrong(name, "a tensor")
        }
    }

    func graph(_ name: String) throws(OperatorError) -> OperatorGraph {
        guard case .graph(let graph)? = node.attributes[name] else { throw wrong(name, "a graph") }
        return graph
    }

    /// An element type by its number in the attribute `name`.
    func elementType(_ name: String) throws(OperatorError) -> ElementType? {
        guard let code = try integer(name) else { return nil }
        guard let type = ElementType(rawValue: code) else {
            throw OperatorError("element type \(code) in \"\(name)\" is not known here")
        }
        return type
    }

    private func wrong(_ name: String, _ expected: String) -> OperatorError {
        OperatorError("the attribute \"\(name)\" must be \(expected)")
    }
}
