// SPDX-License-Identifier: Apache-2.0

extension OperatorGraph {
    /// Puts each node behind those that make what it reads, in graphs inside nodes too; nodes that stand so
    /// already are not moved. ONNX asks for that order, which tools that add nodes at the end do not keep.
    /// Nodes in a circle stay in it, for validation to refuse.
    ///
    /// - Parameter outer: the names that the graph around this one knows. What a graph makes of the same name
    ///   later is not what is meant.
    mutating func sortNodes(outer: Set<String> = []) {
        let given = outer.union(inputs.map(\.name)).union(constants.map(\.name))
        var makers: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for output in node.outputs where makers[output] == nil { makers[output] = index }
        }
        let known = given.union(makers.keys)
        for index in nodes.indices {
            for (name, attribute) in nodes[index].attributes {
                guard case .graph(var inner) = attribute else { continue }
                inner.sortNodes(outer: known)
                nodes[index].attributes[name] = .graph(inner)
            }
        }
        let sources = nodes.map { node in
            var sources: [Int] = []
            node.forEachRead { name in
                if !given.contains(name), let maker = makers[name] { sources.append(maker) }
            }
            return sources
        }
        if sources.enumerated().allSatisfy({ index, sources in sources.allSatisfy { $0 < index } }) { return }
        var order: [Int] = []
        var isVisited = [Bool](repeating: false, count: nodes.count)
        for first in nodes.indices where !isVisited[first] {
            // A node, and how many of its sources were looked at.
            var open = [(node: first, next: 0)]
            isVisited[first] = true
            while let (node, next) = open.last {
                if next == sources[node].count {
                    order.append(node)
                    open.removeLast()
                    continue
                }
                open[open.count - 1].next += 1
                let source = sources[node][next]
                if isVisited[source] { continue }
                isVisited[source] = true
                open.append((source, 0))
            }
        }
        nodes = order.map { nodes[$0] }
    }
}

extension OperatorNode {
    /// Names that the node reads, those that graphs inside it read of the values around them too.
    fileprivate func forEachRead(inside hidden: Set<String> = [], _ body: (String) -> Void) {
        for input in inputs where !input.isEmpty && !hidden.contains(input) { body(input) }
        for attribute in attributes.values {
            guard case .graph(let inner) = attribute else { continue }
            var own = hidden.union(inner.inputs.map(\.name)).union(inner.constants.map(\.name))
            for node in inner.nodes { own.formUnion(node.outputs) }
            for node in inner.nodes { node.forEachRead(inside: own, body) }
            for output in inner.outputs where !own.contains(output.name) { body(output.name) }
        }
    }
}
