// SPDX-License-Identifier: Apache-2.0

extension ModelGraph {
    /// The same model without the trees that were added after the best iteration, as its file names it; nil
    /// when it names none, or none comes after it. Golden samples are those of all trees, and left out.
    public var upToBestIteration: ModelGraph? {
        guard case .treeEnsemble(let ensemble) = estimator,
            let best = lineage.facts["best_iteration"].flatMap({ Int($0) }), best >= 0
        else { return nil }
        let parallel = lineage.facts["num_parallel_tree"].flatMap { Int($0) } ?? 1
        let perIteration = parallel.multipliedReportingOverflow(
            by: ensemble.hasLeafVectors ? 1 : max(ensemble.outputCount, 1))
        let (iterations, isHuge) = best.addingReportingOverflow(1)
        let count = iterations.multipliedReportingOverflow(by: perIteration.partialValue)
        guard !perIteration.overflow, !isHuge, !count.overflow, count.partialValue > 0,
            count.partialValue < ensemble.treeCount
        else { return nil }
        var graph = self
        graph.estimator = .treeEnsemble(ensemble.prefix(count.partialValue))
        graph.goldenSamples = []
        return graph
    }
}

extension TreeEnsemble {
    /// The first `count` trees, at least one and less than there are.
    package func prefix(_ count: Int) -> TreeEnsemble {
        precondition(count > 0 && count < treeCount, "there are not so many trees")
        let nodes = Int(roots[count])
        let leaves = features[..<nodes].count { $0 < 0 }
        func ofNodes<Value>(_ values: [Value]) -> [Value] {
            values.isEmpty ? [] : Array(values[..<nodes])
        }
        var result = self
        result.roots = Array(roots[..<count])
        result.groups = Array(groups[..<count])
        result.features = ofNodes(features)
        result.values = ofNodes(values)
        result.lefts = ofNodes(lefts)
        result.rights = ofNodes(rights)
        result.defaultsLeft = ofNodes(defaultsLeft)
        result.zerosMissing = ofNodes(zerosMissing)
        result.covers = ofNodes(covers)
        // Sets that only later trees ask for stay; they are few.
        result.categories?.sets = ofNodes(categories?.sets ?? [])
        if hasLeafVectors { result.leafVectors = Array(leafVectors[..<(leaves * outputCount)]) }
        if !leafNumbers.isEmpty { result.leafNumbers = Array(leafNumbers[..<leaves]) }
        if let linearLeaves {
            let terms = Int(linearLeaves.starts[leaves])
            result.linearLeaves = LinearLeaves(
                constants: Array(linearLeaves.constants[..<leaves]),
                starts: Array(linearLeaves.starts[...leaves]),
                features: Array(linearLeaves.features[..<terms]),
                coefficients: Array(linearLeaves.coefficients[..<terms]))
        }
        return result
    }
}
