// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Trees as levels against the slow walk, bit for bit.
struct LevelForestTests {
    private func answers<Value: TreeValue, Sum: MarginNumber>(
        _ forest: LevelForest<Value, Sum>, _ rows: [[Double]]
    ) -> [UInt64] {
        let flat = rows.flatMap { $0.map { Value($0) } }
        var margins = Array(repeating: Sum(0), count: rows.count * forest.total.baseMargins.count)
        var target = margins.mutableSpan
        var gathered: [Value] = []
        var sums: [Sum] = []
        forest.run(
            flat.span, rowCount: rows.count, rowMargins: Span(), into: &target, gathered: &gathered,
            sums: &sums)
        return margins.map { canonical(Double($0)) }
    }

    private func canonical(_ number: Double) -> UInt64 { number.isNaN ? 1 : number.bitPattern }

    @Test(arguments: 0..<EnsembleForm.all.count, [0, 1, 4, 6, 10])
    func fullTrees_answerAsTheReferenceBitForBit(index: Int, depth: Int) throws {
        let form = EnsembleForm.all[index]
        var random = RandomSource(seed: UInt64(depth * 100 + index))
        let shape = EnsembleShape(
            trees: depth > 6 ? 3 : Int.random(in: 1...20, using: &random), depthMax: depth, branching: 1,
            features: Int.random(in: 1...9, using: &random), groups: Int.random(in: 1...3, using: &random))
        let ensemble = randomEnsemble(shape, form, &random)
        let builder = try TreeForestBuilder(ensemble, inputCount: shape.features)
        let rows = (0..<70).map { _ in
            (0..<shape.features).map { _ in random.number(form.rules.inputType) }
        }
        let expected = rows.flatMap { referenceMargins(ensemble, row: $0).map { canonical($0) } }
        for count in [1, 6, 7, 8, 9, 64, 70] {
            let part = Array(rows[..<count])
            let got: [UInt64]?
            switch (form.rules.inputType, form.rules.sumType) {
            case (.float32, .float32):
                got = builder.levelForest(of: Float.self, sums: Float.self).map { answers($0, part) }
            case (.float32, .float64):
                got = builder.levelForest(of: Float.self, sums: Double.self).map { answers($0, part) }
            default:
                got = builder.levelForest(of: Double.self, sums: Double.self).map { answers($0, part) }
            }
            if form.vectors || form.linear {
                #expect(got == nil)
            } else {
                #expect(got == Array(expected[..<(count * shape.groups)]), "\(count) rows, \(form)")
            }
        }
    }

    @Test func leavesAboveTheDeepest_areRepeatedBelow() throws {
        var random = RandomSource(seed: 9)
        var levelled = 0
        for seed in 0..<20 {
            let shape = EnsembleShape(trees: 7, depthMax: 5, branching: 0.95, features: 5, groups: 2)
            random = RandomSource(seed: UInt64(seed))
            let ensemble = randomEnsemble(shape, &random)
            let builder = try TreeForestBuilder(ensemble, inputCount: 5)
            guard let forest = builder.levelForest(of: Float.self, sums: Float.self) else { continue }
            levelled += 1
            let rows = (0..<20).map { _ in (0..<5).map { _ in random.number(.float32) } }
            let expected = rows.flatMap { referenceMargins(ensemble, row: $0).map { canonical($0) } }
            #expect(answers(forest, rows) == expected)
        }
        #expect(levelled >= 5)
    }

    @Test func unevenTrees_keepTheirNodes() throws {
        var random = RandomSource(seed: 2)
        let chain = randomEnsemble(EnsembleShape(trees: 3, depthMax: 9, isChain: true), &random)
        let builder = try TreeForestBuilder(chain, inputCount: 8)
        #expect(builder.levelForest(of: Float.self, sums: Float.self) == nil)
        let deep = randomEnsemble(EnsembleShape(trees: 1, depthMax: 11, branching: 1), &random)
        let second = try TreeForestBuilder(deep, inputCount: 8)
        #expect(second.levelForest(of: Float.self, sums: Float.self) == nil)
    }
}
