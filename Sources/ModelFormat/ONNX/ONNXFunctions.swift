// SPDX-License-Identifier: Apache-2.0

/// A function that a model defines: nodes that stand for one node of its name.
struct ONNXFunction {
    var domain = ""
    var name = ""
    var inputs: [String] = []
    var outputs: [String] = []
    /// Attributes with the values they have when a call does not give them.
    var defaults: [String: OperatorAttribute] = [:]
    var nodes: [OperatorNode] = []
    var operatorSets: [String: Int] = [:]

    var key: String { "\(domain)\n\(name)" }
}

/// Puts the nodes of functions in the place of the nodes that call them.
struct ONNXFunctionInliner {
    private let functions: [String: ONNXFunction]
    private var callCount = 0
    private var nodes: [OperatorNode] = []

    init(_ functions: [ONNXFunction]) {
        self.functions = Dictionary(
            functions.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Throws: for functions that call themselves, and for more nodes than a graph may have.
    mutating func inline(_ graph: OperatorGraph) throws(FormatError) -> OperatorGraph {
        var result = graph
        for function in functions.values {
            for (domain, version) in function.operatorSets {
                result.operatorSets[domain] = result.operatorSets[domain] ?? version
            }
        }
        nodes = []
        for node in graph.nodes { try add(node, depth: 0) }
        result.nodes = nodes
        return result
    }

    private mutating func add(_ node: OperatorNode, depth: Int) throws(FormatError) {
        guard let function = functions["\(node.domain)\n\(node.type)"] else {
            guard nodes.count < ONNXLimits.nodesMax else {
                throw .invalidValue(part: "the ONNX graph", reason: "its functions make too many nodes")
            }
            nodes.append(node)
            return
        }
        guard depth < ONNXLimits.depthMax else {
            throw .invalidValue(
                part: "function \(function.name)",
                reason: "functions call each other more than \(ONNXLimits.depthMax) deep")
        }
        callCount += 1
        // Functions without nodes would be called without end, and without a trace.
        guard callCount <= ONNXLimits.nodesMax else {
            throw .invalidValue(part: "function \(function.name)", reason: "there are too many calls")
        }
        let prefix = "\(function.name)#\(callCount)/"
        var names: [String: String] = ["": ""]
        for (index, input) in function.inputs.enumerated() {
            names[input] = index < node.inputs.count ? node.inputs[index] : ""
        }
        var copies: [(from: String, to: String)] = []
        for (index, output) in function.outputs.enumerated() where index < node.outputs.count {
            if node.outputs[index].isEmpty { continue }
            if let input = names[output] {
                copies.append((input, node.outputs[index]))
            } else {
                names[output] = node.outputs[index]
            }
        }
        let rename = { (name: String) in names[name] ?? prefix + name }
        for inner in function.nodes {
            var inner = inner
            inner.inputs = inner.inputs.map(rename)
            inner.outputs = inner.outputs.map(rename)
            for (attribute, source) in inner.attributeSources {
                inner.attributes[attribute] = node.attributes[source] ?? function.defaults[source]
            }
            inner.attributeSources = [:]
            inner.version = function.operatorSets[inner.domain]
            for (name, attribute) in inner.attributes {
                guard case .graph(let graph) = attribute else { continue }
                inner.attributes[name] = .graph(graph.renaming(rename))
            }
            try add(inner, depth: depth + 1)
        }
        for copy in copies {
            nodes.append(
                OperatorNode(
                    name: "", domain: "", type: "Identity", inputs: [copy.from], outputs: [copy.to],
                    attributes: [:]))
        }
    }
}

extension OperatorGraph {
    /// The graph with other names for what it reads of the graphs around it.
    fileprivate func renaming(_ rename: @escaping (String) -> String) -> OperatorGraph {
        var own = Set(inputs.map(\.name) + constants.map(\.name))
        for node in nodes { own.formUnion(node.outputs) }
        let change = { (name: String) in name.isEmpty || own.contains(name) ? name : rename(name) }
        var result = self
        for index in nodes.indices {
            result.nodes[index].inputs = nodes[index].inputs.map(change)
            for (name, attribute) in nodes[index].attributes {
                guard case .graph(let inner) = attribute else { continue }
                result.nodes[index].attributes[name] = .graph(inner.renaming(change))
            }
        }
        for index in outputs.indices { result.outputs[index].name = change(outputs[index].name) }
        return result
    }
}
