// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// Small graphs of every kind.
enum Graphs {
    /// Three features; two trees, one of them with an inner node below the root.
    static var trees: ModelGraph {
        let ensemble = TreeEnsemble(
            roots: [0, 3], groups: [0, 0], features: [0, -1, -1, 2, 1, -1, -1, -1],
            values: [0.5, -1.25, 2.5, .infinity, Double(Float(1e-3)), 0.75, 3.5, -0.0],
            lefts: [1, -1, -1, 4, 6, -1, -1, -1],
            rights: [2, -1, -1, 5, 7, -1, -1, -1],
            defaultsLeft: [true, false, false, false, true, false, false, false], baseMargins: [0.25])
        return ModelGraph(
            schema: FeatureSchema(features: [
                Feature(name: "f0", kind: .numeric), Feature(name: "größe \"cm\"", kind: .numeric),
                Feature(name: "f2", kind: .numeric),
            ]),
            estimator: .treeEnsemble(ensemble),
            output: OutputDescription(transform: .logistic, labels: .integers([0, 1])),
            goldenSamples: [
                // Margin 0.25 - 1.25 + 0.75: infinity is not below the threshold infinity.
                GoldenSample(
                    inputs: [.number(0.1), .missing, .number(1e300)], predictions: [0.43782349884420075],
                    tolerance: 1e-6)
            ],
            lineage: Lineage(facts: ["producer": "XGBoost 2.1.4", "objective": "binary:logistic"]))
    }

    /// The graph of docs/reference/model-format.md.
    static var page: ModelGraph {
        ModelGraph(
            schema: FeatureSchema(features: [
                Feature(name: "age", kind: .numeric),
                Feature(name: "smoker", kind: .categorical(categories: ["no", "yes"])),
            ]),
            stages: [
                .impute(values: [40, .nan]), .encode([.pass, .oneHot(categoryCount: 2)]),
                .scale(offsets: [41.5, 0, 0], divisors: [12.25, 1, 1]),
            ],
            estimator: .linear(LinearModel(coefficients: [0.5, -0.25, 0.25], intercepts: [-1.5])),
            output: OutputDescription(transform: .logistic, labels: .strings(["healthy", "ill"])),
            goldenSamples: [
                GoldenSample(
                    inputs: [.number(52), .category("yes")], predictions: [0.3054604980019199],
                    tolerance: 1e-9),
                GoldenSample(
                    inputs: [.missing, .category("no")], predictions: [0.14049020017973596], tolerance: 1e-9),
            ],
            statistics: TrainingStatistics(
                rowCount: 100,
                features: [
                    FeatureStatistics(
                        missingCount: 3, mean: 41.5, standardDeviation: 12.25, minimum: 18, maximum: 90),
                    FeatureStatistics(missingCount: 0, categoryCounts: [70, 30]),
                ]),
            lineage: Lineage(facts: ["producer": "modeltrain 0.1.0", "seed": "7"]))
    }

    /// Two inputs, three hidden units, three classes.
    static var perceptron: ModelGraph {
        let hidden = MultilayerPerceptron.Layer(
            weights: [0.5, -0.25, 0.125, 1, -1, 2], biases: [0, 0.1, -0.1], activation: .relu)
        let last = MultilayerPerceptron.Layer(
            weights: [1, 2, 3, 4, 5, 6, 7, 8, 9], biases: [0.5, 0.25, -0.5], activation: .identity)
        return ModelGraph(
            schema: FeatureSchema(features: [
                Feature(name: "x", kind: .numeric), Feature(name: "y", kind: .numeric),
            ]),
            estimator: .multilayerPerceptron(MultilayerPerceptron(layers: [hidden, last])),
            output: OutputDescription(transform: .softmax, labels: .strings(["a", "b", "c"])))
    }

    /// Everything that a tree can have beyond a number a leaf and XGBoost's rules; linear leaves.
    static var forest: ModelGraph {
        var ensemble = TreeEnsemble(
            rules: TreeRules(
                inputType: .float64, sumType: .float64, comparison: .lessOrEqual, categoryRule: .truncated),
            roots: [0, 5], groups: [0, 0], features: [0, 1, -1, -1, -1, -1],
            values: [0.1, 0, 1.1, 2.2, 3.3, 4.4], lefts: [1, 2, -1, -1, -1, -1],
            rights: [4, 3, -1, -1, -1, -1], defaultsLeft: [true, false, false, false, false, false],
            baseMargins: [0.1])
        ensemble.zerosMissing = [true, false, false, false, false, false]
        ensemble.categories = TreeCategories(
            sets: [-1, 0, -1, -1, -1, -1], starts: [0, 2], words: [0xF000_0005, 1])
        ensemble.linearLeaves = LinearLeaves(
            constants: [0.5, 0.25, 0, 1], starts: [0, 2, 2, 2, 3], features: [0, 2, 1],
            coefficients: [0.1, -0.2, 3])
        ensemble.covers = [10, 6, 2, 4, 4, 10]
        ensemble.leafNumbers = [2, 0, 1, 0]
        return ModelGraph(
            schema: FeatureSchema(features: ["a", "b", "c"].map { Feature(name: $0, kind: .numeric) }),
            estimator: .treeEnsemble(ensemble),
            output: OutputDescription(transform: .softplus, divisor: 2, slope: 0.5))
    }

    /// Vector leaves, scaled; CatBoost's types.
    static var vectors: ModelGraph {
        var ensemble = TreeEnsemble(
            rules: TreeRules(sumType: .float64, comparison: .lessOrEqual, aggregation: .scaled(0.5)),
            roots: [0], groups: [0], features: [0, -1, -1], values: [0.1, 0, 0], lefts: [1, -1, -1],
            rights: [2, -1, -1], defaultsLeft: [true, false, false], baseMargins: [0.1, 0.2])
        ensemble.leafVectors = [0.1, 0.2, 0.3, 0.4]
        return ModelGraph(
            schema: FeatureSchema(features: [Feature(name: "a", kind: .numeric)]),
            estimator: .treeEnsemble(ensemble),
            output: OutputDescription(transform: .softmax, labels: .integers([0, 1])))
    }

    /// As XGBoost's gblinear.
    static var narrowLinear: ModelGraph {
        ModelGraph(
            schema: FeatureSchema(features: ["a", "b"].map { Feature(name: $0, kind: .numeric) }),
            estimator: .linear(
                LinearModel(
                    numberType: .float32, coefficients: [0.5, Double(Float(0.1))], intercepts: [0.25])),
            output: OutputDescription(transform: .logistic))
    }

    static var all: [(name: String, graph: ModelGraph)] {
        [
            ("trees", trees), ("page", page), ("perceptron", perceptron), ("forest", forest),
            ("vectors", vectors), ("narrowLinear", narrowLinear),
            ("average", vectors.with { $0.ensemble.rules.aggregation = .average }),
        ]
    }
}

extension ModelGraph {
    /// The trees, for tests that break them.
    var ensemble: TreeEnsemble {
        get {
            guard case .treeEnsemble(let ensemble) = estimator else { preconditionFailure("no trees") }
            return ensemble
        }
        set { estimator = .treeEnsemble(newValue) }
    }

    /// A copy with one thing changed.
    func with(_ change: (inout ModelGraph) -> Void) -> ModelGraph {
        var graph = self
        change(&graph)
        return graph
    }
}
