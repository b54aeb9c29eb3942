// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Every form of tree ensemble against the slow walk, bit for bit.
struct TreeFormTests {
    private func margins(_ model: CompiledModel, _ rows: [[Double]], batch: Int) -> [UInt64] {
        var predictions = Predictions()
        var scratch = InferenceScratch()
        var bits: [UInt64] = []
        for first in stride(from: 0, to: rows.count, by: batch) {
            let part = Array(rows[first..<min(first + batch, rows.count)])
            var input = RowBlock()
            input.reset(columnCount: model.schema.count, numberType: model.inputType)
            input.appendRows(part.count)
            for (row, values) in part.enumerated() {
                for (column, value) in values.enumerated() { input.set(value, row: row, column: column) }
            }
            model.predict(input, into: &predictions, scratch: &scratch)
            for row in 0..<part.count {
                for column in 0..<predictions.margins.columnCount {
                    bits.append(canonical(predictions.margins.value(row: row, column: column)))
                }
            }
        }
        return bits
    }

    /// A NaN's sign depends on the order of operands that the compiler chose.
    private func canonical(_ number: Double) -> UInt64 { number.isNaN ? 1 : number.bitPattern }

    @Test(arguments: 0..<EnsembleForm.all.count, 0..<4)
    func randomEnsembles_answerAsTheReferenceBitForBit(index: Int, seed: Int) throws {
        let form = EnsembleForm.all[index]
        var random = RandomSource(seed: UInt64(seed * 100 + index))
        let shape = EnsembleShape(
            trees: Int.random(in: 1...30, using: &random), depthMax: Int.random(in: 0...10, using: &random),
            branching: Double.random(in: 0.5...1, using: &random),
            features: Int.random(in: 1...12, using: &random), groups: Int.random(in: 1...4, using: &random),
            hasNaN: false)
        let ensemble = randomEnsemble(shape, form, &random)
        let graph = ModelGraph(
            schema: numericSchema(shape.features), estimator: .treeEnsemble(ensemble),
            output: OutputDescription(transform: .identity))
        try graph.validate()
        let rows = (0..<70).map { _ in
            (0..<shape.features).map { _ in
                random.chance(0.3)
                    ? Double(Int.random(in: -2..<70, using: &random)) : random.number(form.rules.inputType)
            }
        }
        let expected = rows.flatMap { referenceMargins(ensemble, row: $0).map { canonical($0) } }
        let model = try CompiledModel(graph)
        #expect(model.outputs[0].datatype == (form.rules.sumType == .float32 ? .float32 : .float64))
        for batch in [1, 3, 7, 8, 9, 64, 70] {
            #expect(margins(model, rows, batch: batch) == expected, "batch \(batch), \(form), \(shape)")
        }
    }

    /// The bits of one split's answers to `inputs`: 1 when a row went left.
    private func answers(_ change: (inout TreeEnsemble) -> Void, _ inputs: [Double]) throws -> [Double] {
        var ensemble = TreeEnsemble(
            roots: [0], groups: [0], features: [0, -1, -1], values: [0, 1, 0], lefts: [1, -1, -1],
            rights: [2, -1, -1], defaultsLeft: [false, false, false], baseMargins: [0])
        change(&ensemble)
        let graph = ModelGraph(
            schema: numericSchema(1), estimator: .treeEnsemble(ensemble),
            output: OutputDescription(transform: .identity))
        try graph.validate()
        return margins(try CompiledModel(graph), inputs.map { [$0] }, batch: 5).map {
            Double(bitPattern: $0)
        }
    }

    @Test func anEqualNumber_goesLeftOnlyWhenTheRuleSaysSo() throws {
        let inputs = [Double(Float(2).nextDown), 2, Double(Float(2).nextUp)]
        #expect(try answers({ $0.values[0] = 2 }, inputs) == [1, 0, 0])
        #expect(
            try answers(
                {
                    $0.values[0] = 2; $0.rules.comparison = .lessOrEqual
                }, inputs) == [1, 1, 0])
    }

    @Test func aFloat64Threshold_splitsFloat32InputsWhereItLies() throws {
        let below = 0.1.nextDown  // Float(0.1) is above 0.1.
        func change(_ ensemble: inout TreeEnsemble) {
            ensemble.rules = TreeRules(sumType: .float64, comparison: .lessOrEqual)
            ensemble.values[0] = below
        }
        #expect(try answers(change, [Double(Float(0.1)), Double(Float(0.1).nextDown)]) == [0, 1])
    }

    @Test func aCategory_goesLeftWhenItIsOneOfTheSet() throws {
        func set(_ ensemble: inout TreeEnsemble) {
            ensemble.categories = TreeCategories(sets: [0, -1, -1], starts: [0, 2], words: [0b101, 1 << 3])
        }
        let inputs = [0, 1, 2, 2.9, 3, 35, 36, 63, 64, -1, -0.5, -0.0, 1e10, .infinity, -.infinity, .nan]
        #expect(try answers(set, inputs) == [1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
        func truncated(_ ensemble: inout TreeEnsemble) {
            set(&ensemble)
            ensemble.rules.categoryRule = .truncated
            ensemble.defaultsLeft[0] = true
        }
        #expect(try answers(truncated, inputs) == [1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1])
    }

    @Test func aZero_isMissingWhereTheNodeSaysSo() throws {
        func zero(_ ensemble: inout TreeEnsemble) {
            ensemble.rules = EnsembleForm.lightGBM
            ensemble.values[0] = 1
            ensemble.zerosMissing = [true, false, false]
        }
        let limit = TreeRules.zeroLimit
        #expect(
            try answers(zero, [0, -0.0, limit, -limit, limit.nextUp, -1, 2, .nan])
                == [0, 0, 0, 0, 1, 1, 0, 0])
    }

    @Test func rangesOfABlock_areAnsweredAsTheWhole() throws {
        var random = RandomSource(seed: 41)
        let ensemble = randomEnsemble(EnsembleShape(trees: 9, depthMax: 5, features: 4, groups: 2), &random)
        for stages in [[], [PreprocessingStage.impute(values: [1, .nan, 2, 0])]] {
            let model = try CompiledModel(
                ModelGraph(
                    schema: numericSchema(4), stages: stages, estimator: .treeEnsemble(ensemble),
                    output: OutputDescription(transform: .logistic)))
            let rows = block((0..<150).map { _ in (0..<4).map { _ in random.awkwardFloat() } }, columns: 4)
            var whole = Predictions()
            var part = Predictions()
            var scratch = InferenceScratch()
            model.predict(rows, into: &whole, scratch: &scratch)
            for range in [0..<150, 0..<1, 149..<150, 3..<80, 70..<70] {
                model.predict(rows, range: range, into: &part, scratch: &scratch)
                #expect(part.rowCount == range.count)
                for row in range {
                    let got = part.values.value(row: row - range.lowerBound, column: 1)
                    #expect(got.bitPattern == whole.values.value(row: row, column: 1).bitPattern)
                }
            }
        }
    }

    @Test func wideRows_withManyCategoricalSlots_areCompiledToo() throws {
        var random = RandomSource(seed: 77)
        let shape = EnsembleShape(trees: 150, depthMax: 6, branching: 1, features: 20_000)
        for rules in [TreeRules(), EnsembleForm.catBoost] {
            let ensemble = randomEnsemble(shape, EnsembleForm(rules: rules, categories: true), &random)
            let builder = try TreeForestBuilder(ensemble, inputCount: shape.features)
            #expect(builder.forest(of: CompactNode.self, sums: Double.self) == nil)
            let model = try CompiledModel(
                ModelGraph(
                    schema: numericSchema(shape.features), estimator: .treeEnsemble(ensemble),
                    output: OutputDescription(transform: .identity)))
            let rows = (0..<9).map { _ in (0..<shape.features).map { _ in random.number(.float32) } }
            let expected = rows.flatMap { referenceMargins(ensemble, row: $0).map { canonical($0) } }
            #expect(margins(model, rows, batch: 9) == expected)
        }
    }

    @Test func brokenParts_areRefusedByName() throws {
        var random = RandomSource(seed: 5)
        let form = EnsembleForm(
            rules: EnsembleForm.lightGBM, zerosMissing: true, categories: true, linear: true)
        let sound = randomEnsemble(EnsembleShape(trees: 3, depthMax: 3), form, &random)
        func refused(_ change: (inout TreeEnsemble) -> Void) -> String? {
            var broken = sound
            change(&broken)
            do {
                _ = try TreeForestBuilder(broken, inputCount: 8)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(refused { _ in } == nil)
        #expect(refused { $0.zerosMissing.removeLast() } == "inference.array_length")
        #expect(refused { $0.categories?.sets.removeLast() } == "inference.array_length")
        #expect(refused { $0.categories?.sets[0] = 12 } == "inference.array_length")
        #expect(refused { $0.categories?.starts[1] = 1000 } == "inference.array_length")
        #expect(refused { $0.linearLeaves?.constants.removeLast() } == "inference.array_length")
        #expect(refused { $0.linearLeaves?.starts[1] = -1 } == "inference.array_length")
        #expect(refused { $0.leafVectors = [1, 2] } == "inference.array_length")
        if sound.linearLeaves?.features.isEmpty == false {
            #expect(refused { $0.linearLeaves?.features[0] = 8 } == "inference.array_length")
        }
    }
}
