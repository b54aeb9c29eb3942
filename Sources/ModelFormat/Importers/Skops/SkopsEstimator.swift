// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// The estimator at the end of a scikit-learn model, by its class.
struct SkopsEstimator: ~Escapable {
    let archive: SkopsArchive
    let node: SkopsNode
    /// Columns that it reads.
    let width: Int
    private(set) var estimator = Estimator.linear(LinearModel(coefficients: [], intercepts: []))
    private(set) var output = OutputDescription(transform: .identity)

    @_lifetime(copy archive)
    init(
        _ archive: SkopsArchive, _ node: SkopsNode, width: Int, isFirstGuessLeftOut: Bool = false
    ) throws(FormatError) {
        self.archive = archive
        self.node = node
        self.width = width
        guard node.module.hasPrefix("sklearn.") else { throw unsupported("\(node.module).\(node.className)") }
        switch node.className {
        case "DecisionTreeClassifier", "ExtraTreeClassifier", "RandomForestClassifier",
            "ExtraTreesClassifier":
            estimator = .treeEnsemble(try forest(isClassifier: true))
            output = try classifier(.probability)
        case "DecisionTreeRegressor", "ExtraTreeRegressor", "RandomForestRegressor", "ExtraTreesRegressor":
            estimator = .treeEnsemble(try forest(isClassifier: false))
        case "GradientBoostingClassifier", "GradientBoostingRegressor":
            try readGradientBoosting(isFirstGuessLeftOut: isFirstGuessLeftOut)
        case "HistGradientBoostingClassifier", "HistGradientBoostingRegressor":
            try readHistogramBoosting()
        case "MLPClassifier", "MLPRegressor": try readNetwork()
        default: try readLinear()
        }
    }

    func unsupported(_ what: String) -> FormatError {
        .unsupported(part: "\(node.path): \(what)", advice: SkopsImporter.advice)
    }

    /// A classifier's output; its prediction is the label, as `predict` has it.
    func classifier(_ transform: OutputTransform) throws(FormatError) -> OutputDescription {
        OutputDescription(transform: transform, labels: try classes(), predictsLabels: true)
    }

    func classes() throws(FormatError) -> ClassLabels { try SkopsEstimator.classes(node, archive) }

    static func classes(
        _ node: SkopsNode, _ archive: SkopsArchive
    ) throws(FormatError) -> ClassLabels {
        // Some classifiers keep them with what encoded the targets.
        let encoder = node["_label_binarizer"] ?? node
        let labels = try archive.labels(try (node["classes_"] == nil ? encoder : node).require("classes_"))
        var numbers: [Int64] = []
        for case .number(let number) in labels {
            if let whole = Int64(exactly: number) { numbers.append(whole) }
        }
        if numbers.count == labels.count { return .integers(numbers) }
        let names = labels.compactMap(\.name)
        if names.count != labels.count {
            throw .unsupported(
                part: "\(node.path): a class that is no label", advice: SkopsImporter.advice)
        }
        return .strings(names)
    }

    // MARK: Boosting

    /// Every tree's leaves are multiplied by the learning rate and added to what the first guess was.
    private mutating func readGradientBoosting(isFirstGuessLeftOut: Bool) throws(FormatError) {
        let rate = try archive.double(try node.require("learning_rate"))
        let isClassifier = node.className.hasSuffix("Classifier")
        let groupCount = isClassifier && classCount > 2 ? classCount : 1
        var trees = SkopsTrees(archive, rules: SkopsTrees.rules(.onBase))
        let rows = try node.require("estimators_")
        for (index, tree) in SkopsEstimator.flatten(rows).enumerated() {
            try trees.append(tree, group: index % groupCount, scale: rate, isClassifier: false)
        }
        try trees.finish(
            margins: isFirstGuessLeftOut
                ? [Double](repeating: 0, count: groupCount) : try firstGuess(groupCount: groupCount))
        estimator = .treeEnsemble(trees.ensemble)
        if isClassifier {
            output = try classifier(groupCount == 1 ? .logistic : .softmax)
            if isExponential { output.slope = 2 }
        }
    }

    private var isExponential: Bool { node.string("loss") == "exponential" }

    private var classCount: Int {
        Int(node["n_classes_"]?.scalar?.integer ?? 0)
    }

    /// Objects in lists in lists, one behind the other.
    static func flatten(_ node: SkopsNode) -> [SkopsNode] {
        guard let items = node.items else { return [node] }
        return items.flatMap { flatten($0) }
    }

    /// What `init_` guesses for every row: 0, a constant, or the shares of the classes as margins.
    private func firstGuess(groupCount: Int) throws(FormatError) -> [Double] {
        guard let guess = node["init_"], guess.scalar?.string != "zero" else {
            return [Double](repeating: 0, count: groupCount)
        }
        switch guess.className {
        case "DummyRegressor": return try archive.doubles(try guess.require("constant_"))
        case "DummyClassifier":
            let shares = try archive.doubles(try guess.require("class_prior_")).map(SkopsMath.clipped)
            if groupCount == 1 {
                guard shares.count == 2 else { throw unsupported("\(shares.count) classes in init_") }
                return [SkopsMath.logit(shares[1]) * (isExponential ? 0.5 : 1)]
            }
            // From 1.4 on the logarithms are centred; before, they were not.
            let isCentred = SkopsMath.isVersion(node.string("_sklearn_version"), atLeast: (1, 4))
            return SkopsMath.logarithms(shares, isCentred: isCentred)
        default: throw unsupported("init=\(guess.className)")
        }
    }

    private mutating func readHistogramBoosting() throws(FormatError) {
        let isClassifier = node.className.hasSuffix("Classifier")
        let baseline = try archive.doubles(try node.require("_baseline_prediction"))
        var trees = SkopsTrees(
            archive,
            rules: TreeRules(
                inputType: .float64, sumType: .float64, comparison: .lessOrEqual, aggregation: .onBase))
        for (index, tree) in SkopsEstimator.flatten(try node.require("_predictors")).enumerated() {
            try trees.appendPredictor(tree, group: index % max(baseline.count, 1))
        }
        try trees.finish(margins: baseline)
        estimator = .treeEnsemble(trees.ensemble)
        if isClassifier {
            output = try classifier(baseline.count == 1 ? .logistic : .softmax)
        } else if ["poisson", "gamma"].contains(node.string("loss")) {
            output = OutputDescription(transform: .exponential)
        }
    }

    // MARK: Forests

    private func forest(isClassifier: Bool) throws(FormatError) -> TreeEnsemble {
        if isClassifier, let outputs = node["n_outputs_"]?.scalar?.integer, outputs != 1 {
            throw unsupported("a classifier of \(outputs) targets")
        }
        let isForest = node["estimators_"] != nil
        var trees = SkopsTrees(archive, rules: SkopsTrees.rules(isForest ? .average : .onBase))
        if isForest {
            for tree in try node.require("estimators_").items ?? [] {
                try trees.append(tree, group: 0, scale: 1, isClassifier: isClassifier)
            }
        } else {
            try trees.append(node, group: 0, scale: 1, isClassifier: isClassifier)
        }
        try trees.finish(margins: [Double](repeating: 0, count: max(trees.width, 1)))
        return trees.ensemble
    }

    // MARK: Setting

    mutating func set(_ estimator: Estimator, _ output: OutputDescription) {
        self.estimator = estimator
        self.output = output
    }
}
