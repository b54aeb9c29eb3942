// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Inference

struct TreeForestTests {
    private func compiled(_ ensemble: TreeEnsemble, features: Int) throws -> CompiledModel {
        try CompiledModel(
            ModelGraph(
                schema: numericSchema(features), estimator: .treeEnsemble(ensemble),
                output: OutputDescription(transform: .identity)))
    }

    /// The bits of the margins of `rows`, computed in blocks of `batch` rows.
    private func margins(_ model: CompiledModel, _ rows: [[Float]], batch: Int) -> [UInt32] {
        var predictions = Predictions()
        var scratch = InferenceScratch()
        var bits: [UInt32] = []
        for first in stride(from: 0, to: rows.count, by: batch) {
            let part = Array(rows[first..<min(first + batch, rows.count)])
            model.predict(block(part, columns: model.schema.count), into: &predictions, scratch: &scratch)
            #expect(predictions.rowCount == part.count)
            let values = predictions.margins.float32
            for index in values.indices { bits.append(values[index].bitPattern) }
        }
        return bits
    }

    /// The bits that the slow walk gives for a Float32 ensemble.
    private func reference(_ ensemble: TreeEnsemble, _ row: [Float]) -> [UInt32] {
        referenceMargins(ensemble, row: row.map(Double.init)).map { Float($0).bitPattern }
    }

    private func compare(
        _ shape: EnsembleShape, seed: UInt64, rows rowCount: Int = 70,
        batches: [Int] = [1, 3, 5, 8, 13, 64, 70]
    ) throws {
        var random = RandomSource(seed: seed)
        let ensemble = randomEnsemble(shape, &random)
        let rows = (0..<rowCount).map { _ in
            (0..<shape.features).map { _ in random.chance(0.7) ? random.awkwardFloat() : random.float() }
        }
        let expected = rows.flatMap { reference(ensemble, $0) }
        let model = try compiled(ensemble, features: shape.features)
        for batch in batches {
            let got = margins(model, rows, batch: batch)
            #expect(got == expected, "seed \(seed), batch \(batch), \(shape)")
        }
    }

    @Test(arguments: 0..<12) func randomEnsembles_answerAsTheReferenceBitForBit(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        let shape = EnsembleShape(
            trees: Int.random(in: 1...40, using: &random), depthMax: Int.random(in: 0...9, using: &random),
            branching: Double.random(in: 0.5...1, using: &random),
            features: Int.random(in: 1...12, using: &random), groups: Int.random(in: 1...4, using: &random),
            orphans: random.chance(0.5))
        try compare(shape, seed: UInt64(seed) + 1000)
    }

    @Test func oneTreeOfOneNode_addsItsValue() throws {
        try compare(EnsembleShape(trees: 1, depthMax: 0, features: 1), seed: 1)
    }

    @Test func noTrees_answerTheBaseMargin() throws {
        try compare(EnsembleShape(trees: 0, features: 3, groups: 2), seed: 2)
    }

    @Test func stumps_ofEveryCountUpToSeventeen() throws {
        for trees in 1...17 {
            try compare(EnsembleShape(trees: trees, depthMax: 1, branching: 1), seed: UInt64(trees), rows: 9)
        }
    }

    @Test func everyRowCountUpToTwoHundred_answersTheSame() throws {
        var random = RandomSource(seed: 5)
        let ensemble = randomEnsemble(EnsembleShape(trees: 11, depthMax: 4, features: 4, groups: 3), &random)
        let rows = (0..<200).map { _ in (0..<4).map { _ in random.awkwardFloat() } }
        let expected = rows.map { reference(ensemble, $0) }
        let model = try compiled(ensemble, features: 4)
        for count in 1...200 {
            let got = margins(model, Array(rows[..<count]), batch: count)
            #expect(got == expected[..<count].flatMap(\.self), "\(count) rows")
        }
    }

    @Test(arguments: [9, 30, 3_000]) func chains_ofAnyDepthAreWalkedToTheirEnd(depth: Int) throws {
        try compare(
            EnsembleShape(trees: 9, depthMax: depth, isChain: true), seed: UInt64(depth), rows: 20,
            batches: [1, 20])
    }

    @Test func wideRows_haveFeaturesBeyondSixteenBits() throws {
        try compare(
            EnsembleShape(trees: 30, depthMax: 8, branching: 1, features: 70_000), seed: 7, rows: 8,
            batches: [1, 8])
    }

    @Test func treesBeyondEightByteNodes_areCompiledWide() throws {
        // More slots than a compact node counts.
        let shape = EnsembleShape(trees: 150, depthMax: 6, branching: 1, features: 20_000)
        var random = RandomSource(seed: 8)
        let builder = try TreeForestBuilder(randomEnsemble(shape, &random), inputCount: shape.features)
        #expect(builder.forest(of: CompactNode.self, sums: Float.self) == nil)
        #expect(builder.forest(of: WideNode.self, sums: Float.self) != nil)
        try compare(shape, seed: 8, rows: 9, batches: [1, 9])
    }

    @Test func hugeTree_hasMoreNodesThanSixteenBitsCount() throws {
        let shape = EnsembleShape(trees: 1, depthMax: 17, branching: 1, features: 5)
        var random = RandomSource(seed: 9)
        let ensemble = randomEnsemble(shape, &random)
        let builder = try TreeForestBuilder(ensemble, inputCount: 5)
        #expect(builder.forest(of: CompactNode.self, sums: Float.self) == nil)
        let forest = try #require(builder.forest(of: WideNode.self, sums: Float.self))
        let rows = (0..<9).map { _ in (0..<5).map { _ in random.awkwardFloat() } }
        let flat = rows.flatMap(\.self)
        var margins = Array(repeating: Float(0), count: 9)
        var target = margins.mutableSpan
        var gathered: [Float] = []
        var sums: [Float] = []
        forest.run(
            flat.span, rowCount: 9, rowMargins: Span(), into: &target, gathered: &gathered, sums: &sums)
        let expected = rows.flatMap { reference(ensemble, $0) }
        #expect(margins.map(\.bitPattern) == expected)
    }

    @Test(arguments: [-Float.infinity, .infinity, 0, -0.0, .leastNonzeroMagnitude, 1, .nan], [true, false])
    func everyKindOfThreshold_splitsEveryKindOfNumber(threshold: Float, defaultLeft: Bool) throws {
        let ensemble = TreeEnsemble(
            roots: [0], groups: [0], features: [0, -1, -1], values: [Double(threshold), 1, 2],
            lefts: [1, -1, -1],
            rights: [2, -1, -1], defaultsLeft: [defaultLeft, false, false], baseMargins: [0])
        let rows: [[Float]] = [
            [.nan], [-.infinity], [-.greatestFiniteMagnitude], [-1], [-.leastNonzeroMagnitude], [-0.0], [0],
            [.leastNonzeroMagnitude], [Float(1).nextDown], [1], [Float(1).nextUp], [.greatestFiniteMagnitude],
            [.infinity],
        ]
        let expected = rows.flatMap { reference(ensemble, $0) }
        let model = try compiled(ensemble, features: 1)
        #expect(margins(model, rows, batch: 1) == expected)
        #expect(margins(model, rows, batch: 13) == expected)
    }

    @Test func brokenTrees_areRefusedByName() throws {
        let sound = TreeEnsemble(
            roots: [0], groups: [0], features: [0, -1, -1], values: [0, 1, 2], lefts: [1, -1, -1],
            rights: [2, -1, -1], defaultsLeft: [true, false, false], baseMargins: [0])
        func refused(_ change: (inout TreeEnsemble) -> Void) -> InferenceError? {
            var broken = sound
            change(&broken)
            do {
                _ = try TreeForestBuilder(broken, inputCount: 1)
                return nil
            } catch {
                return error
            }
        }
        #expect(refused { _ in } == nil)
        #expect(refused { $0.features[0] = 1 } == .treeNode(tree: 0, node: 0, defect: .featureOutside))
        #expect(refused { $0.lefts[0] = 0 } == .treeNode(tree: 0, node: 0, defect: .childOutside))
        #expect(refused { $0.rights[0] = 3 } == .treeNode(tree: 0, node: 0, defect: .childOutside))
        #expect(refused { $0.rights[0] = -1 } == .treeNode(tree: 0, node: 0, defect: .childOutside))
        #expect(refused { $0.rights[0] = 1 } == .treeNode(tree: 0, node: 1, defect: .childShared))
        #expect(refused { $0.roots[0] = 3 } == .treeRange(tree: 0))
        #expect(refused { $0.roots[0] = -1 } == .treeRange(tree: 0))
        #expect(refused { $0.groups[0] = 1 } == .treeRange(tree: 0))
        #expect(refused { $0.groups = [] } == .arrayLength(name: "tree groups", expected: 1, got: 0))
        #expect(refused { $0.values = [0] } == .arrayLength(name: "tree values", expected: 3, got: 1))
        #expect(refused { $0.baseMargins = [] } == .noOutputs)
        #expect(
            refused {
                $0.roots = [0, 0]; $0.groups = [0, 0]
            } == .treeRange(tree: 0))
    }
}
