// SPDX-License-Identifier: Apache-2.0

/// Grows trees on histograms, leaf by leaf or level by level. What comes out does not depend on the number of
/// threads, because all sums are of whole numbers.
///
/// Of two new leaves the smaller one's histogram is built while the rows are divided, from numbers of rows
/// that the cache still has; the larger one's is what is left of their parent's.
final class TreeGrower {
    let partition: RowPartition
    private let matrix: BinnedMatrix
    private let settings: BoostingSettings
    private let pool: WorkerPool
    private let builder: HistogramBuilder
    private let store: HistogramStore
    private var finder: SplitFinder
    private var choice: FeatureChoice
    private var queue: LeafQueue
    private var nodes: [GrownTree.Node] = []
    private var leafRows: [(node: Int, rows: Range<Int>)] = []
    private var seed: UInt64 = 0
    /// Below this many cells a leaf is done faster than the threads get together.
    private static let parallelCellsMin = 1 << 15
    /// Rows that one thread divides at a time.
    private static let chunkRowsMax = 16_384

    init(
        _ matrix: BinnedMatrix, _ settings: BoostingSettings, constraints: FeatureConstraints,
        hasConstantHessian: Bool, pool: WorkerPool
    ) {
        self.matrix = matrix
        self.settings = settings
        self.pool = pool
        partition = RowPartition(rowCount: matrix.rowCount)
        builder = HistogramBuilder(
            matrix, countsRows: settings.leafRowsMin > 1 && !hasConstantHessian, pool: pool)
        store = HistogramStore(size: builder.size)
        finder = SplitFinder(settings, matrix)
        finder.monotone = constraints.monotone
        choice = FeatureChoice(
            settings, featureCount: matrix.features.count, groups: constraints.interactions)
        queue = LeafQueue(settings.growth)
    }

    /// Grows a tree on the first `rowCount` rows of `partition.rows`, which are all rows in their order when
    /// `isWhole`.
    func grow(
        _ words: NumberMemory<Int>, _ units: GradientUnits, total: PackedSum, rowCount: Int, isWhole: Bool,
        seed: UInt64
    ) -> GrownTree {
        self.seed = seed
        finder.units = units
        choice.start(seed: seed)
        leafRows = []
        var root = GrowingLeaf(
            node: 0, range: 0..<rowCount, depth: 0, facts: LeafFacts(total: total, rowCount: rowCount))
        nodes = [node(root, weight: finder.rule.weight(total, units, root.facts.bounds))]
        prepare(&root)
        if canGrow(root) {
            root.sums = takeSums()
            if let sums = root.sums {
                builder.build(isWhole ? nil : partition.rows, root.range, words, into: sums)
            }
            root.split = search(root, Array(matrix.features.indices))
        }
        add(root)
        while leafCount < settings.leavesMax, let leaf = queue.pop() { expand(leaf, words) }
        while let leaf = queue.pop() {
            store.give(leaf.sums)
            leafRows.append((leaf.node, leaf.range))
        }
        return GrownTree(nodes: nodes, leafRows: leafRows)
    }

    private var leafCount: Int { (nodes.count + 1) / 2 }

    private func node(_ leaf: GrowingLeaf, weight: Double) -> GrownTree.Node {
        GrownTree.Node(
            value: Float(settings.learningRate * weight), rowCount: leaf.range.count,
            hessian: finder.units.hessian(leaf.facts.total))
    }

    /// What has to be known of a leaf before its split is looked for.
    private func prepare(_ leaf: inout GrowingLeaf) {
        leaf.facts.seed = RandomSource.mixed(seed, UInt64(leaf.node))
        leaf.allowed = choice.allowed(depth: leaf.depth, nodeSeed: leaf.facts.seed, above: leaf.above)
    }

    private func canGrow(_ leaf: GrowingLeaf) -> Bool {
        leaf.depth < settings.depthMax && finder.canSplit(leaf.facts.total, leaf.range.count)
    }

    /// Puts a leaf where it waits to be split, or is done.
    private func add(_ leaf: GrowingLeaf) {
        if leaf.split != nil { return queue.push(leaf) }
        store.give(leaf.sums)
        leafRows.append((leaf.node, leaf.range))
    }

    private func takeSums() -> NumberMemory<Int>? { store.take() ?? queue.takeSums() }

    private func search(_ leaf: GrowingLeaf, _ features: some Sequence<Int>) -> TreeSplit? {
        guard let sums = leaf.sums else { return nil }
        var best: TreeSplit?
        for feature in features where leaf.allowed?[feature] ?? true {
            if let split = finder.best(feature, builder.sums(feature, of: sums), leaf.facts),
                split.isBetter(than: best)
            {
                best = split
            }
        }
        return best
    }

    /// Divides a leaf by its split and looks for those of its children.
    private func expand(_ leaf: GrowingLeaf, _ words: NumberMemory<Int>) {
        guard let split = leaf.split else { return }
        var children = children(leaf, split)
        let smaller = split.left.hessian <= split.right.hessian ? 0 : 1
        let mayGrow = leafCount + 1 < settings.leavesMax && leaf.depth + 1 < settings.depthMax
        let weightIsEnough =
            finder.canSplit(split.left, leaf.range.count) || finder.canSplit(split.right, leaf.range.count)
        let grows = mayGrow && weightIsEnough
        // Without the parent's histogram there is nothing to subtract from.
        let smallSums = grows && leaf.sums != nil ? takeSums() : nil
        let work = ChildWork(
            leaf: leaf, split: split, smaller: smaller, smallSums: smallSums,
            isShared: pool.count > 1
                && leaf.range.count * matrix.features.count >= TreeGrower.parallelCellsMin)
        let leftCount = divide(work, words, &children)
        children[0].range = leaf.range.lowerBound..<leaf.range.lowerBound + leftCount
        children[1].range = leaf.range.lowerBound + leftCount..<leaf.range.upperBound
        link(leaf, split, &children)
        if grows && smallSums == nil {
            store.give(leaf.sums)
            for side in 0..<2 where canGrow(children[side]) {
                children[side].sums = takeSums()
                guard let sums = children[side].sums else { continue }
                builder.build(partition.rows, children[side].range, words, into: sums)
                children[side].split = search(children[side], matrix.features.indices)
            }
        } else if !grows {
            store.give(leaf.sums)
        }
        for child in children { add(child) }
    }

    private func children(_ leaf: GrowingLeaf, _ split: TreeSplit) -> [GrowingLeaf] {
        let bounds = finder.bounds(leaf.facts.bounds, split)
        let above = choice.hasGroups ? leaf.above + [split.feature] : []
        var children = [
            GrowingLeaf(
                node: nodes.count, range: leaf.range, depth: leaf.depth + 1,
                facts: LeafFacts(total: split.left, rowCount: 0, bounds: bounds.left), above: above),
            GrowingLeaf(
                node: nodes.count + 1, range: leaf.range, depth: leaf.depth + 1,
                facts: LeafFacts(total: split.right, rowCount: 0, bounds: bounds.right), above: above),
        ]
        for side in 0..<2 { prepare(&children[side]) }
        return children
    }

    private func link(_ leaf: GrowingLeaf, _ split: TreeSplit, _ children: inout [GrowingLeaf]) {
        nodes[leaf.node].split = split
        nodes[leaf.node].threshold = threshold(split)
        nodes[leaf.node].left = Int32(nodes.count)
        nodes[leaf.node].right = Int32(nodes.count + 1)
        nodes.append(node(children[0], weight: split.leftWeight))
        nodes.append(node(children[1], weight: split.rightWeight))
    }

    private func threshold(_ split: TreeSplit) -> Float {
        if split.leftBins != nil { return 0 }
        let cuts = matrix.features[split.feature].cuts
        return Int(split.bin) < cuts.count ? cuts[Int(split.bin)] : .infinity
    }

    /// How the rows of a leaf are divided among its children, and the histograms with them.
    private struct ChildWork {
        let leaf: GrowingLeaf
        let split: TreeSplit
        /// Which child's histogram is built, 0 or 1.
        let smaller: Int
        /// Its memory; nil when no histograms are wanted.
        let smallSums: NumberMemory<Int>?
        let isShared: Bool
    }

    /// Divides the rows, fills the children's histograms and finds their splits. Returns how many rows went
    /// left.
    private func divide(
        _ work: ChildWork, _ words: NumberMemory<Int>, _ children: inout [GrowingLeaf]
    ) -> Int {
        let range = work.leaf.range
        let chunkRows =
            work.isShared
            ? max(min(TreeGrower.chunkRowsMax, range.count / (2 * pool.count)), 256)
            : range.count
        let chunks = stride(from: range.lowerBound, to: range.upperBound, by: max(chunkRows, 1)).map {
            $0..<min($0 + chunkRows, range.upperBound)
        }
        let leftCounts = NumberMemory<Int>(count: chunks.count, repeating: 0)
        let directions = work.split.directions(matrix.features[work.split.feature])
        // Safe because the matrix outlives the work.
        let column = unsafe matrix.column(work.split.feature)
        let isMerged = work.smallSums != nil && chunks.count > 1
        if isMerged { builder.makeOwnSums() }
        if !isMerged, let sums = work.smallSums { sums.fill(with: 0) }
        pool.run(chunks.count) { worker, chunk in
            // Safe because the column has a byte for each row.
            let leftCount = unsafe partition.divide(
                chunks[chunk], column, directions, followsLeft: work.smaller == 0
            ) { rows, count in
                guard let sums = work.smallSums else { return }
                unsafe builder.add(
                    rows, count: count, words, into: isMerged ? builder.ownSums(worker) : sums, worker)
            }
            leftCounts[chunk] = leftCount
        }
        finish(work, chunks, leftCounts, isMerged: isMerged, &children)
        return (0..<chunks.count).reduce(0) { $0 + leftCounts[$1] }
    }

    /// The second half: rows to their places, and feature by feature the larger child's sums and the splits.
    private func finish(
        _ work: ChildWork, _ chunks: [Range<Int>], _ leftCounts: NumberMemory<Int>, isMerged: Bool,
        _ children: inout [GrowingLeaf]
    ) {
        let leftTotal = (0..<chunks.count).reduce(0) { $0 + leftCounts[$1] }
        var places: [(left: Int, right: Int)] = []
        var place = (left: work.leaf.range.lowerBound, right: work.leaf.range.lowerBound + leftTotal)
        for (index, chunk) in chunks.enumerated() {
            places.append(place)
            place.left += leftCounts[index]
            place.right += chunk.count - leftCounts[index]
        }
        let counts = [leftTotal, work.leaf.range.count - leftTotal]
        for side in 0..<2 {
            children[side].facts.rowCount = counts[side]
            if work.smallSums != nil {
                children[side].sums = side == work.smaller ? work.smallSums : work.leaf.sums
            }
        }
        let featureCount = matrix.features.count
        let groupCount =
            work.smallSums == nil ? 0 : work.isShared ? min(featureCount, 2 * pool.count) : 1
        let found = Slots<[TreeSplit?]>(groupCount)
        let both = children
        pool.run(groupCount + chunks.count) { _, task in
            guard task < groupCount else {
                let chunk = task - groupCount
                return partition.place(
                    chunks[chunk], leftCount: leftCounts[chunk], left: places[chunk].left,
                    right: places[chunk].right)
            }
            let features = task * featureCount / groupCount..<(task + 1) * featureCount / groupCount
            guard let small = work.smallSums, let large = work.leaf.sums else { return }
            for feature in features {
                if isMerged { builder.merge(feature, into: small) }
                builder.subtract(small, from: large, feature)
            }
            found.store(
                task,
                (0..<2).map { side in
                    let isOpen = finder.canSplit(both[side].facts.total, counts[side])
                    return isOpen ? search(both[side], features) : nil
                })
        }
        for splits in found.take() {
            for side in 0..<2 {
                if let split = splits[side], split.isBetter(than: children[side].split) {
                    children[side].split = split
                }
            }
        }
    }
}
