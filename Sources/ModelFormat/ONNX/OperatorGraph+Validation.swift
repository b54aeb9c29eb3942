// SPDX-License-Identifier: Apache-2.0

extension OperatorGraph {
    /// Names are given once, and known before they are used.
    ///
    /// - Parameter outer: the names that the graph around this one knows.
    func validate(outer: Set<String>) throws(FormatError) {
        var known: Set<String> = []
        func define(_ name: String, _ what: String) throws(FormatError) {
            if name.isEmpty { throw .invalidValue(part: what, reason: "its name is empty") }
            if !known.insert(name).inserted { throw .duplicateName(part: what, name: name) }
        }
        for input in inputs { try define(input.name, "the graph's inputs") }
        for constant in constants { try define(constant.name, "the graph's initializers") }
        for (index, node) in nodes.enumerated() {
            let part = "node \(index) (\(node.type))"
            for input in node.inputs where !input.isEmpty {
                guard known.contains(input) || outer.contains(input) else {
                    throw .invalidValue(
                        part: part,
                        reason: "it reads \"\(input)\", which nothing before it makes")
                }
            }
            for attribute in node.attributes.values {
                guard case .graph(let inner) = attribute else { continue }
                try inner.validate(outer: known.union(outer))
            }
            for output in node.outputs where !output.isEmpty { try define(output, part) }
        }
        if outputs.isEmpty { throw .invalidValue(part: "the ONNX graph", reason: "it has no output") }
        var seen: Set<String> = []
        for output in outputs {
            guard known.contains(output.name) || outer.contains(output.name) else {
                throw .invalidValue(
                    part: "output \"\(output.name)\"", reason: "nothing in the graph makes it")
            }
            if !seen.insert(output.name).inserted {
                throw .duplicateName(part: "the graph's outputs", name: output.name)
            }
        }
    }
}
