// SPDX-License-Identifier: Apache-2.0

/// A grown tree made ready for rows of bins that it was not grown on.
struct BinnedTree {
    private struct Node {
        /// Where the feature's bins start in the matrix, and how far apart they are; -1 at a leaf.
        var offset: Int
        var step: Int
        var bin: UInt8
        var missingBin: UInt8
        var isDefaultLeft: Bool
        var leftBins: BinSet?
        var left: Int
        var right: Int
        var value: Float
    }

    private let nodes: [Node]
    private let matrix: BinnedMatrix

    init(_ tree: GrownTree, _ matrix: BinnedMatrix) {
        self.matrix = matrix
        nodes = tree.nodes.map { node in
            guard let split = node.split else {
                return Node(
                    offset: -1, step: 0, bin: 0, missingBin: 0, isDefaultLeft: false, leftBins: nil, left: 0,
                    right: 0, value: node.value)
            }
            let tile = matrix.tiles[matrix.tileOfFeature[split.feature]]
            return Node(
                offset: tile.byteOffset + split.feature - tile.features.lowerBound, step: tile.stride,
                bin: split.bin, missingBin: matrix.features[split.feature].missingBin,
                isDefaultLeft: split.isDefaultLeft, leftBins: split.leftBins, left: Int(node.left),
                right: Int(node.right), value: node.value)
        }
    }

    /// Adds `factor` times the leaf of each row to the margins [outputs, rows] of `output`.
    func add(to margins: NumberMemory<Float>, _ output: Int, factor: Float, _ pool: WorkerPool) {
        let rowCount = matrix.rowCount
        pool.run(GradientBlocks.blockCount(rowCount)) { _, block in
            let nodes = nodes.span
            let bins = matrix.bins.span
            for row in GradientBlocks.rows(block, of: rowCount) {
                var node = nodes[0]
                while node.offset >= 0 {
                    let bin = bins[node.offset + row * node.step]
                    let goesLeft: Bool
                    if bin == node.missingBin {
                        goesLeft = node.isDefaultLeft
                    } else if let set = node.leftBins {
                        goesLeft = set.contains(Int(bin))
                    } else {
                        goesLeft = bin <= node.bin
                    }
                    node = nodes[goesLeft ? node.left : node.right]
                }
                margins[output * rowCount + row] += factor * node.value
            }
        }
    }
}
