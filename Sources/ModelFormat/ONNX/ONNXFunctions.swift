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
    private var nodeCount = 0
    /// The nodes of the graph at hand so far.
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
        result.nodes = try inlined(graph.nodes, depth: 0)
        return result
    }

    /// The nodes of one graph with those of functions in their places.
    private mutating func inlined(_ graph: [OperatorNode], depth: Int) throws(FormatError) -> [OperatorNode] {
        let outer = nodes
        nodes = []
        for node in graph { try add(node, depth: depth) }
        defer { nodes = outer }
        return nodes
    }

    private mutating func add(_ node: OperatorNode, depth: Int) throws(FormatError) {
        guard let function = functions["\(node.domain)\n\(node.type)"] else {
            nodeCount += 1
            guard nodeCount < ONNXLimits.nodesMax else {
                throw .invalidValue(part: "the ONNX graph", reason: "its functions make too many nodes")
            }
            var node = node
            for (name, attribute) in node.attributes {
                guard case .graph(var graph) = attribute else { continue }
                guard depth < ONNXLimits.depthMax else { throw tooDeep(node.type) }
                graph.nodes = try inlined(graph.nodes, depth: depth + 1)
                node.attributes[name] = .graph(graph)
            }
            nodes.append(node)
            return
        }
        guard depth < ONNXLimits.depthMax else { throw tooDeep(function.name) }
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
            function.bind(&inner, to: node)
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

extension ONNXFunctionInliner {
    private func tooDeep(_ name: String) -> FormatError {
        .invalidValue(
            part: "function \(name)",
            reason: "functions and graphs lie in each other more than \(ONNXLimits.depthMax) deep")
    }
}

extension ONNXFunction {
    /// Gives a node of the function, and those of graphs inside it, the attributes of a call and the versions
    /// of the function's operator sets.
    fileprivate func bind(_ node: inout OperatorNode, to call: OperatorNode) {
        for (attribute, source) in node.attributeSources {
            node.attributes[attribute] = call.attributes[source] ?? defaults[source]
        }
        node.attributeSources = [:]
        node.version = operatorSets[node.domain]
        for (name, attribute) in node.attributes {
            guard case .graph(var graph) = attribute else { continue }
            for index in graph.nodes.indices { bind(&graph.nodes[index], to: call) }
            node.attributes[name] = .graph(graph)
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
