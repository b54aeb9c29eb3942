// SPDX-License-Identifier: Apache-2.0

/// The state of an edge: its feature was off above; the row leaves the path here; the row is on the path.
let edgeWasOff = 0
let edgeGoesOff = 1
let edgeIsOn = 2

extension TreeForest {
    /// Fills `contributions`, of shape [rowCount, outputs, featureCount + 1], with what each feature added to
    /// the margin; the last of each is the expected margin.
    ///
    /// - Complexity: O(rows * nodes * points); a tree whose paths ask at most 8 features has 4 points.
    func explain(
        _ explanation: TreeExplanation, _ rows: Span<Node.Value>, rowCount: Int, featureCount: Int,
        into contributions: inout MutableSpan<Double>, gathered: inout [Node.Value],
        memory: inout ExplanationMemory
    ) {
        let outputs = total.baseMargins.count
        let width = outputs * (featureCount + 1)
        precondition(contributions.count == rowCount * width, "one number a row, output and feature")
        for index in contributions.indices {
            let isExpected = index % (featureCount + 1) == featureCount
            contributions[index] =
                isExpected ? explanation.expected[index / (featureCount + 1) % outputs] : 0
        }
        var first = 0
        while first < rowCount {
            let count = min(Self.blockRows, rowCount - first)
            gatherBlock(
                rows.extracting(first * inputCount..<(first + count) * inputCount), rowCount: count,
                into: &gathered)
            var block = contributions._mutatingExtracting(first * width..<(first + count) * width)
            for tree in trees.indices {
                explain(
                    tree, explanation, gathered, rowCount: count, featureCount: featureCount, into: &block,
                    &memory)
            }
            first += count
        }
    }

    /// One tree for all rows of a block.
    private func explain(
        _ tree: Int, _ explanation: TreeExplanation, _ gathered: [Node.Value], rowCount: Int,
        featureCount: Int, into contributions: inout MutableSpan<Double>, _ memory: inout ExplanationMemory
    ) {
        let start = trees[tree].start
        let end = tree + 1 < trees.count ? trees[tree + 1].start : nodes.count
        let groups = explanation.groupCounts[tree]
        guard nodes[start].offset > 0, let quadrature = explanation.quadratures[groups - 1] else { return }
        memory.reserve(nodes: end - start, groups: groups)
        prepareEdges(start..<end, explanation, quadrature, groups: groups, &memory)
        let slotCount = slots.strideCount
        let valuesPerNode = explanation.valuesPerNode
        let rowWidth = total.baseMargins.count * (featureCount + 1)
        // Safe because the builder checked offsets and slots, `reserve` sized the memory by the nodes and
        // `explain` the contributions by rows and outputs; the pointers live as long as the call.
        unsafe withWalk(explanation, memory: &memory, start: start) { walk in
            unsafe gathered.withUnsafeBufferPointer { gathered in
                unsafe contributions.withUnsafeMutableBufferPointer { contributions in
                    guard let gathered = gathered.baseAddress, let target = contributions.baseAddress
                    else { return }
                    for row in 0..<rowCount {
                        let values = unsafe gathered + (row / 8 * 8 * slotCount + row % 8)
                        // One group is nearly every model, and half as long when the compiler knows.
                        if groups == 1 {
                            unsafe walk.goDown(values, groups: 1)
                        } else {
                            unsafe walk.goDown(values, groups: groups)
                        }
                        for offset in 0..<valuesPerNode {
                            let output = valuesPerNode == 1 ? trees[tree].group : offset
                            let own = unsafe target + (row * rowWidth + output * (featureCount + 1))
                            if groups == 1 {
                                unsafe walk.comeUp(offset, of: valuesPerNode, groups: 1, into: own)
                            } else {
                                unsafe walk.comeUp(offset, of: valuesPerNode, groups: groups, into: own)
                            }
                        }
                    }
                }
            }
        }
    }

    /// The vectors of each edge of a tree, and its inner nodes.
    private func prepareEdges(
        _ range: Range<Int>, _ explanation: TreeExplanation, _ quadrature: Quadrature, groups: Int,
        _ memory: inout ExplanationMemory
    ) {
        for place in range where nodes[place].offset > 0 {
            memory.inner.append(Int32(place - range.lowerBound))
            for child in [place + nodes[place].offset, place + nodes[place].offset + 1] {
                let previous = Int(explanation.previous[child])
                let fraction = explanation.fractions[child]
                let above = previous < 0 ? 1 : explanation.fractions[previous]
                for group in 0..<groups {
                    let points = quadrature.points[group]
                    let weights = quadrature.weights[group]
                    let rest = 1 - points
                    let on = points + fraction * rest
                    let onAbove = points + above * rest
                    let gainAbove = (1 - above) / onAbove
                    let edge = ((child - range.lowerBound) * groups + group) * 6
                    memory.edges[edge + edgeWasOff] = SIMD4(repeating: above > 0 ? fraction / above : 0)
                    memory.edges[edge + edgeGoesOff] = fraction * rest / onAbove
                    memory.edges[edge + edgeIsOn] = on / onAbove
                    // What is off stays off: the edge above has said all.
                    memory.edges[edge + 3 + edgeWasOff] = .zero
                    memory.edges[edge + 3 + edgeGoesOff] = weights * (-1 / rest - gainAbove)
                    memory.edges[edge + 3 + edgeIsOn] = weights * ((1 - fraction) / on - gainAbove)
                }
            }
        }
    }

    /// Calls `body` with pointers to all that the loops over one tree touch.
    private func withWalk(
        _ explanation: TreeExplanation, memory: inout ExplanationMemory, start: Int,
        _ body: (ExplanationWalk<Node>) -> Void
    ) {
        // Safe because the pointers are used during the call only; no array is empty, for the tree has nodes.
        unsafe nodes.withUnsafeBufferPointer { nodes in
            unsafe explanation.previous.withUnsafeBufferPointer { previous in
                unsafe explanation.features.withUnsafeBufferPointer { features in
                    unsafe explanation.values.withUnsafeBufferPointer { values in
                        unsafe memory.withPointers { memory in
                            guard let nodes = nodes.baseAddress, let previous = previous.baseAddress,
                                let features = features.baseAddress, let values = values.baseAddress
                            else { return }
                            unsafe body(
                                ExplanationWalk(
                                    start: start, nodes: nodes + start, previous: previous + start,
                                    features: features + start,
                                    values: values + start * explanation.valuesPerNode, memory: memory))
                        }
                    }
                }
            }
        }
    }
}
