// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// SplitMix64: the same models and rows in every run.
struct RandomSource: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func float() -> Float { Float.random(in: -2...2, using: &self) }

    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    /// Mostly a few round numbers that thresholds take too; also everything that a comparison may stumble
    /// over.
    mutating func awkwardFloat() -> Float {
        switch Int.random(in: 0..<16, using: &self) {
        case 0: .nan
        case 1: .infinity
        case 2: -.infinity
        case 3: -0.0
        case 4: 0
        case 5: .leastNonzeroMagnitude
        case 6: -.leastNonzeroMagnitude
        case 7: .greatestFiniteMagnitude
        case 8: -.greatestFiniteMagnitude
        case 9: Float(1).nextUp
        case 10: Float(1).nextDown
        case 11: -Float.nan
        default: Float(Int.random(in: -3...3, using: &self))
        }
    }
}

/// What a random ensemble looks like.
struct EnsembleShape {
    var trees = 10
    /// Depth at which every branch ends in a leaf.
    var depthMax = 6
    /// How often a branch goes on.
    var branching = 0.9
    /// Each inner node has one leaf: a list, as deep as `depthMax`.
    var isChain = false
    var features = 8
    var groups = 1
    /// Nodes that nothing leads to, as pruning leaves them.
    var orphans = false
    /// Thresholds may be NaN, which no valid graph has and the kernel survives.
    var hasNaN = true
}

func randomEnsemble(_ shape: EnsembleShape, _ random: inout RandomSource) -> TreeEnsemble {
    var ensemble = TreeEnsemble(baseMargins: (0..<shape.groups).map { _ in Double(random.float()) })
    func addLeaf() -> Int {
        ensemble.features.append(-1)
        ensemble.values.append(Double(random.float()))
        ensemble.lefts.append(-1)
        ensemble.rights.append(-1)
        ensemble.defaultsLeft.append(false)
        return ensemble.features.count - 1
    }
    for tree in 0..<shape.trees {
        ensemble.roots.append(Int32(ensemble.nodeCount))
        ensemble.groups.append(Int32(tree % shape.groups))
        var open = [(node: addLeaf(), depth: 0)]
        while let (node, depth) = open.popLast() {
            guard depth < shape.depthMax, shape.isChain || random.chance(shape.branching) else { continue }
            if shape.orphans && random.chance(0.2) { _ = addLeaf() }
            ensemble.features[node] = Int32.random(in: 0..<Int32(shape.features), using: &random)
            ensemble.values[node] = Double(random.chance(0.7) ? random.awkwardFloat() : random.float())
            if !shape.hasNaN && ensemble.values[node].isNaN { ensemble.values[node] = 1 }
            ensemble.defaultsLeft[node] = random.chance(0.5)
            let children = [addLeaf(), addLeaf()]
            let leftFirst = random.chance(0.5)
            ensemble.lefts[node] = Int32(children[leftFirst ? 0 : 1])
            ensemble.rights[node] = Int32(children[leftFirst ? 1 : 0])
            if shape.isChain {
                open.append((children[random.chance(0.5) ? 0 : 1], depth + 1))
            } else {
                open.append((children[0], depth + 1))
                open.append((children[1], depth + 1))
            }
        }
    }
    return ensemble
}

func numericSchema(_ count: Int) -> FeatureSchema {
    FeatureSchema(features: (0..<count).map { Feature(name: "f\($0)", kind: .numeric) })
}

func block(_ rows: [[Float]], columns: Int) -> RowBlock {
    var block = RowBlock()
    block.reset(columnCount: columns, numberType: .float32)
    block.appendRows(rows.count)
    var cells = block.mutableFloat32
    for (row, values) in rows.enumerated() {
        for (column, value) in values.enumerated() { cells[row * columns + column] = value }
    }
    return block
}

func block(_ rows: [[Double]], columns: Int) -> RowBlock {
    var block = RowBlock()
    block.reset(columnCount: columns, numberType: .float64)
    block.appendRows(rows.count)
    var cells = block.mutableFloat64
    for (row, values) in rows.enumerated() {
        for (column, value) in values.enumerated() { cells[row * columns + column] = value }
    }
    return block
}
