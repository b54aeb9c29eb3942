// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Contributions against the definition of Shapley values, by all subsets of features.
struct ExplanationTests {
    private func compiled(_ ensemble: TreeEnsemble, features: Int) throws -> CompiledModel {
        let graph = ModelGraph(
            schema: numericSchema(features), estimator: .treeEnsemble(ensemble),
            output: OutputDescription(transform: .identity))
        try graph.validate()
        return try CompiledModel(graph)
    }

    private func input(_ rows: [[Double]], _ model: CompiledModel) -> RowBlock {
        var input = RowBlock()
        input.reset(columnCount: model.schema.count, numberType: model.inputType)
        input.appendRows(rows.count)
        for (row, values) in rows.enumerated() {
            for (column, value) in values.enumerated() { input.set(value, row: row, column: column) }
        }
        return input
    }

    /// Inner covers are the sums of those below; some leaves never saw a row.
    private func addCovers(_ ensemble: inout TreeEnsemble, _ random: inout RandomSource) {
        ensemble.covers = ensemble.features.map { $0 < 0 ? Float(Int.random(in: 0...9, using: &random)) : 0 }
        for node in ensemble.features.indices.reversed() where ensemble.features[node] >= 0 {
            ensemble.covers[node] =
                ensemble.covers[Int(ensemble.lefts[node])] + ensemble.covers[Int(ensemble.rights[node])]
        }
    }

    /// What a tree is expected to add to `output` when only the features of `known` are.
    private func expectation(
        _ trees: TreeEnsemble, _ node: Int, _ row: [Double], known: Int, output: Int, _ sources: [Int]
    ) -> Double {
        if trees.features[node] < 0 {
            if !trees.hasLeafVectors { return trees.values[node] }
            let leaf = trees.features[..<node].count { $0 == -1 }
            return trees.leafVectors[leaf * trees.outputCount + output]
        }
        let children = [Int(trees.lefts[node]), Int(trees.rights[node])]
        if known >> sources[Int(trees.features[node])] & 1 == 1 {
            let next = referenceStep(trees, node, row)
            return expectation(trees, next, row, known: known, output: output, sources)
        }
        let cover = Double(trees.covers[node])
        return children.reduce(0) { sum, child in
            let share = cover > 0 ? Double(trees.covers[child]) / cover : 0
            return sum + share * expectation(trees, child, row, known: known, output: output, sources)
        }
    }

    /// Shapley values of the features, then the expectation, by output.
    private func reference(_ trees: TreeEnsemble, _ row: [Double], sources: [Int]? = nil) -> [Double] {
        let sources = sources ?? Array(row.indices)
        let count = (sources.max() ?? 0) + 1
        return (0..<trees.outputCount).flatMap { output -> [Double] in
            var values = Array(repeating: 0.0, count: 1 << count)
            for tree in 0..<trees.treeCount
            where trees.hasLeafVectors || Int(trees.groups[tree]) == output {
                for known in values.indices {
                    values[known] += expectation(
                        trees, Int(trees.roots[tree]), row, known: known, output: output, sources)
                }
            }
            let factor = TreeTotal<Double>(trees).factor(output)
            var result = Array(repeating: 0.0, count: count + 1)
            var factorials = [1.0]
            for number in 1...max(count, 1) { factorials.append(factorials[number - 1] * Double(number)) }
            for feature in 0..<count {
                for known in values.indices where known >> feature & 1 == 0 {
                    let size = known.nonzeroBitCount
                    let weight = factorials[size] * factorials[count - 1 - size] / factorials[count]
                    result[feature] += weight * factor * (values[known | 1 << feature] - values[known])
                }
            }
            result[count] = factor * values[0] + trees.baseMargins[output]
            return result
        }
    }

    @Test(arguments: 0..<EnsembleForm.all.count, 0..<2)
    func randomEnsembles_contributeTheShapleyValues(index: Int, seed: Int) throws {
        let form = EnsembleForm.all[index]
        guard !form.linear else { return }
        var random = RandomSource(seed: UInt64(seed * 100 + index))
        let shape = EnsembleShape(
            trees: Int.random(in: 1...8, using: &random), depthMax: Int.random(in: 0...7, using: &random),
            branching: 0.9, features: Int.random(in: 1...4, using: &random),
            groups: Int.random(in: 1...3, using: &random), hasNaN: false)
        var ensemble = randomEnsemble(shape, form, &random)
        addCovers(&ensemble, &random)
        let model = try compiled(ensemble, features: shape.features)
        let rows = (0..<11).map { _ in (0..<shape.features).map { _ in random.number(form.rules.inputType) } }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.explain(input(rows, model), into: &predictions, scratch: &scratch)
        let width = shape.features + 1
        #expect(predictions.contributions.columnCount == width * shape.groups)
        for (row, values) in rows.enumerated() {
            let expected = reference(ensemble, values)
            let margins = referenceMargins(ensemble, row: values)
            for output in 0..<shape.groups {
                var sum = 0.0
                for column in output * width..<(output + 1) * width {
                    let got = predictions.contributions.value(row: row, column: column)
                    #expect(abs(got - expected[column]) < 1e-12, "row \(row), column \(column), \(form)")
                    sum += got
                }
                // Margins of Float32 sums are rounded; contributions are not.
                let tolerance = form.rules.sumType == .float32 ? 1e-5 : 1e-12
                #expect(abs(sum - margins[output]) < tolerance, "row \(row), \(form)")
            }
        }
    }

    @Test func manyFeaturesOnAPath_needMorePointsAndAreAsExact() throws {
        // Twelve features: two groups of four points.
        var random = RandomSource(seed: 3)
        var ensemble = randomEnsemble(
            EnsembleShape(trees: 2, depthMax: 12, isChain: true, features: 12, hasNaN: false), EnsembleForm(),
            &random)
        for node in 0..<ensemble.nodeCount where ensemble.features[node] >= 0 {
            ensemble.features[node] = Int32(node / 2 % 12)
            ensemble.values[node] = 0
        }
        addCovers(&ensemble, &random)
        let model = try compiled(ensemble, features: 12)
        let rows = (0..<3).map { _ in (0..<12).map { _ in Double(random.float()) } }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.explain(input(rows, model), into: &predictions, scratch: &scratch)
        for (row, values) in rows.enumerated() {
            for (column, expected) in reference(ensemble, values).enumerated() {
                let got = predictions.contributions.value(row: row, column: column)
                #expect(abs(got - expected) < 1e-12)
            }
        }
    }

    @Test func columnsOfOneFeature_areKnownTogether() throws {
        var random = RandomSource(seed: 4)
        var ensemble = randomEnsemble(
            EnsembleShape(trees: 5, depthMax: 5, features: 4, hasNaN: false), EnsembleForm(), &random)
        addCovers(&ensemble, &random)
        let schema = FeatureSchema(features: [
            Feature(name: "a", kind: .numeric),
            Feature(name: "c", kind: .categorical(categories: ["x", "y", "z"])),
        ])
        let model = try CompiledModel(
            ModelGraph(
                schema: schema, stages: [.encode([.pass, .oneHot(categoryCount: 3)])],
                estimator: .treeEnsemble(ensemble), output: OutputDescription(transform: .identity)))
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.explain(input([[0.5, 1]], model), into: &predictions, scratch: &scratch)
        let expected = reference(ensemble, [0.5, 0, 1, 0], sources: [0, 1, 1, 1])
        #expect(predictions.contributions.columnCount == 3)
        for column in 0..<3 {
            let got = predictions.contributions.value(row: 0, column: column)
            #expect(abs(got - expected[column]) < 1e-12)
        }
    }

    @Test func linearModels_contributeCoefficientTimesValue() throws {
        for type in [NumberType.float64, .float32] {
            let linear = LinearModel(
                numberType: type, coefficients: [1, 2, 0.5, -1], intercepts: [0.25, -4])
            let model = try CompiledModel(
                ModelGraph(
                    schema: numericSchema(2), estimator: .linear(linear),
                    output: OutputDescription(transform: .identity)))
            var predictions = Predictions()
            var scratch = InferenceScratch()
            model.explain(input([[3, 5], [.nan, 5]], model), into: &predictions, scratch: &scratch)
            let first = (0..<6).map { predictions.contributions.value(row: 0, column: $0) }
            #expect(first == [3, 10, 0.25, 1.5, -5, -4])
            let missing = predictions.contributions.value(row: 1, column: 0)
            #expect(type == .float32 ? missing == 0 : missing.isNaN)
        }
    }

    @Test func leaves_haveTheNumbersThatTheirLibraryGave() throws {
        var random = RandomSource(seed: 6)
        var ensemble = randomEnsemble(
            EnsembleShape(trees: 11, depthMax: 6, groups: 2, hasNaN: false), EnsembleForm(), &random)
        let rows = (0..<70).map { _ in (0..<8).map { _ in random.number(.float32) } }
        for isNumbered in [false, true] {
            if isNumbered {
                ensemble.leafNumbers = (0..<Int32(ensemble.features.count { $0 < 0 })).map { 1000 - $0 }
            }
            let model = try compiled(ensemble, features: 8)
            #expect(model.outputs.last == OutputSpecification(kind: .leaf, datatype: .int64, width: 11))
            #expect(!model.outputs.contains { $0.kind == .contributions })
            var predictions = Predictions()
            var scratch = InferenceScratch()
            model.findLeaves(input(rows, model), into: &predictions, scratch: &scratch)
            for (row, values) in rows.enumerated() {
                for tree in 0..<11 {
                    let leaf = referenceLeaf(ensemble, tree: tree, row: values)
                    let first = ensemble.features[..<Int(ensemble.roots[tree])].count { $0 < 0 }
                    let expected = isNumbered ? 1000 - leaf.index : leaf.index - first
                    #expect(predictions.leaves.value(row: row, column: tree) == Double(expected))
                }
            }
        }
    }

    @Test func quadratures_integratePolynomialsExactly() {
        for groups in [1, 2, 5, 64] {
            let quadrature = Quadrature(groups: groups)
            for degree in [0, 1, 2, 7, 8 * groups - 1] {
                var integral = 0.0
                for (points, weights) in zip(quadrature.points, quadrature.weights) {
                    for lane in 0..<4 {
                        var power = 1.0
                        for _ in 0..<degree { power *= points[lane] }
                        integral += weights[lane] * power
                    }
                }
                #expect(abs(integral - 1 / Double(degree + 1)) < 1e-14, "\(groups) groups, degree \(degree)")
            }
        }
    }
}
