// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

extension Algorithm {
    package static let gbdt: Algorithm = Algorithm(
        name: "gbdt", tasks: [.classification, .regression], summary: "gradient-boosted trees",
        isCandidate: true
    ) { BoostingLearner() }
}

/// Gradient-boosted decision trees.
package struct BoostingLearner: Learner {
    package var settings: BoostingSettings
    package var loss = BoostingLossName.auto
    package var quantileLevel = 0.5
    package var huberDelta = 1.0
    package var tweediePower = 1.5
    /// Columns with which predictions must not fall, or, behind a "-", must not rise.
    package var monotone: [String] = []
    /// The column whose rows of one value are ranked among each other; for the loss `rank`.
    package var groupColumn: String?
    /// Groups of columns that may stand on one path of a tree together.
    package var interactions: [[String]] = []

    package init(_ settings: BoostingSettings = BoostingSettings()) { self.settings = settings }

    package var algorithm: Algorithm { .gbdt }
    package var takesSteps: Bool { true }
    package var continuesModels: Bool { true }

    package func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel {
        let preparation = try data.preparation(.ordinal)
        let trainer = BoostingTrainer(settings, threadCount: data.threadCount)
        let loss = try loss(for: data.target)
        let rows = try rows(data.split.train, data, preparation)
        let validation =
            data.split.validation.isEmpty ? nil : try self.rows(data.split.validation, data, preparation)
        var lastLoss = 0.0
        let result = try trainer.fit(
            rows, features: try features(data.schema, preparation), loss: loss, validation: validation,
            start: try start(data, preparation, loss), checkpointer: data.checkpointer
        ) { round, loss, validationLoss in
            lastLoss = loss ?? lastLoss
            report(
                .progress(
                    .gbdt, step: round, total: settings.rounds, loss: lastLoss, validationLoss: validationLoss
                ))
        }
        return FittedModel(
            stages: preparation.stages, estimator: .treeEnsemble(result.ensemble), transform: loss.transform,
            settings: described(result, loss))
    }

    /// The trees to go on from.
    private func start(
        _ data: TrainingData, _ preparation: TrainingData.Preparation, _ loss: BoostingLoss
    ) throws(TrainingError) -> TreeEnsemble? {
        guard let model = data.start else { return nil }
        guard case .treeEnsemble(let ensemble) = model.estimator else {
            throw .cannotContinue("it has no trees")
        }
        guard model.stages == preparation.stages else {
            throw .cannotContinue("it has preprocessing of its own")
        }
        let plain = OutputDescription(transform: loss.transform, labels: data.target.labels)
        guard model.output == plain else {
            throw .cannotContinue(
                model.output.labels == plain.labels
                    ? "its loss is another, or it is calibrated or has an interval"
                    : "its classes are not those of the target")
        }
        return ensemble
    }

    /// For ranking the rows of a group stand together.
    private func rows(
        _ rows: [Int], _ data: TrainingData, _ preparation: TrainingData.Preparation
    ) throws(TrainingError) -> BoostingTrainer.Rows {
        guard loss == .rank, let groupColumn else {
            return try TreeRows.numbers(rows, data, preparation)
        }
        guard let column = data.table[groupColumn] else {
            throw .unknownColumn(role: "group column", column: groupColumn, known: data.table.names)
        }
        let keys: [Double]
        switch column {
        case .numeric(let values), .date(let values): keys = values
        case .categorical(let codes, _): keys = codes.map(Double.init)
        case .text:
            throw .setting(
                name: "--group-column", value: groupColumn, allowed: "a column of numbers or categories")
        }
        // A missing group is one of its own.
        func key(_ row: Int) -> Double { keys[row].isNaN ? -.infinity : keys[row] }
        let order = rows.sorted { (key($0), $0) < (key($1), $1) }
        var sorted = try TreeRows.numbers(order, data, preparation)
        var start = 0
        for index in 1...max(order.count, 1)
        where index == order.count || key(order[index]) != key(order[start]) {
            sorted.groups.append(start..<index)
            start = index
        }
        return sorted
    }

    private func loss(for target: Target) throws(TrainingError) -> BoostingLoss {
        let isRegression = target.task == .regression
        func require(_ isAllowed: Bool, _ name: String, _ value: Double, _ allowed: String)
            throws(TrainingError)
        {
            if !isAllowed { throw .setting(name: name, value: "\(value)", allowed: allowed) }
        }
        switch loss {
        case .auto:
            if isRegression { return .squaredError }
            return target.classCount == 2 ? .logistic : .softmax(classCount: target.classCount)
        case .logistic where target.classCount == 2: return .logistic
        case .softmax where target.classCount >= 2: return .softmax(classCount: target.classCount)
        case .squared where isRegression: return .squaredError
        case .absolute where isRegression: return .absoluteError
        case .quantile where isRegression:
            try require(
                quantileLevel > 0 && quantileLevel < 1, "--quantile", quantileLevel, "between 0 and 1")
            return .quantile(level: quantileLevel)
        case .huber where isRegression:
            try require(huberDelta > 0 && huberDelta.isFinite, "--huber-delta", huberDelta, "above 0")
            return .huber(delta: huberDelta)
        case .poisson where isRegression: return .poisson
        case .gamma where isRegression: return .gamma
        case .tweedie where isRegression:
            try require(
                tweediePower > 1 && tweediePower < 2, "--tweedie-power", tweediePower, "between 1 and 2")
            return .tweedie(power: tweediePower)
        case .rank where isRegression && groupColumn != nil: return .lambdaRank(truncation: 30)
        case .rank where isRegression:
            throw .setting(name: "--loss", value: "rank", allowed: "given with --group-column")
        default:
            throw .setting(
                name: "--loss", value: loss.rawValue,
                allowed: isRegression
                    ? "one for numbers: squared, absolute, quantile, huber, poisson, gamma, tweedie or rank"
                    : "one for \(target.classCount) classes: "
                        + (target.classCount == 2 ? "logistic or softmax" : "softmax"))
        }
    }

    private func features(
        _ schema: FeatureSchema, _ preparation: TrainingData.Preparation
    ) throws(TrainingError) -> BoostingTrainer.Features {
        var features = BoostingTrainer.Features(schema, preparation)
        let names = schema.features.map(\.name)
        func index(_ name: String, _ role: String) throws(TrainingError) -> Int {
            guard let index = names.firstIndex(of: name) else {
                throw .unknownColumn(role: role, column: name, known: names)
            }
            return index
        }
        if (!monotone.isEmpty || !interactions.isEmpty) && preparation.width != schema.count {
            throw .setting(
                name: "--monotone and --interact", value: "given",
                allowed: "left out where preprocessing makes other columns of the features")
        }
        if !monotone.isEmpty { features.monotone = [Int8](repeating: 0, count: schema.count) }
        for name in monotone {
            let falls = !names.contains(name) && name.hasPrefix("-")
            let found = try index(falls ? String(name.dropFirst()) : name, "monotone feature")
            guard schema.features[found].categoryCount == nil else {
                throw .setting(name: "--monotone", value: name, allowed: "a column of numbers")
            }
            features.monotone[found] = falls ? -1 : 1
        }
        for group in interactions {
            var indices: [Int] = []
            for name in group { indices.append(try index(name, "interacting feature")) }
            features.interactions.append(indices)
        }
        return features
    }

    private func described(
        _ result: BoostingTrainer.Result, _ loss: BoostingLoss
    ) -> [(name: String, value: String)] {
        var all = [
            ("rounds", "\(result.rounds)"), ("loss", loss.description),
            ("learning_rate", settings.learningRate.description),
            ("max_leaves", "\(settings.leavesMax)"), ("max_depth", "\(settings.depthMax)"),
            ("l2", settings.l2.description), ("min_child_weight", settings.childWeightMin.description),
            ("min_leaf_rows", "\(settings.leafRowsMin)"), ("max_bins", "\(settings.binsMax)"),
        ]
        let defaults = BoostingSettings()
        func add(_ name: String, _ value: Double, _ usual: Double) {
            if value != usual { all.append((name, value.description)) }
        }
        add("l1", settings.l1, defaults.l1)
        add("max_step", settings.stepMax, defaults.stepMax)
        if settings.leafSteps != defaults.leafSteps {
            all.append(("leaf_steps", settings.leafSteps.description))
        }
        add("min_split_gain", settings.splitGainMin, defaults.splitGainMin)
        add("columns_by_tree", settings.columnsByTree, 1)
        add("columns_by_level", settings.columnsByLevel, 1)
        add("columns_by_node", settings.columnsByNode, 1)
        switch settings.sampling {
        case .all: break
        case .bagging(let fraction): all.append(("bagging", fraction.description))
        case .goss(let top, let other): all.append(("goss", "\(top), \(other)"))
        }
        if settings.growth != defaults.growth { all.append(("growth", settings.growth.rawValue)) }
        if let dart = settings.dart { all.append(("dart_rate", dart.rate.description)) }
        if !monotone.isEmpty { all.append(("monotone", monotone.joined(separator: ", "))) }
        if !interactions.isEmpty {
            let groups = interactions.map { $0.joined(separator: ",") }
            all.append(("interact", groups.joined(separator: "; ")))
        }
        return all
    }
}

extension BoostingLoss: CustomStringConvertible {
    package var description: String {
        switch self {
        case .squaredError: "squared"
        case .absoluteError: "absolute"
        case .quantile(let level): "quantile \(level)"
        case .huber(let delta): "huber \(delta)"
        case .poisson: "poisson"
        case .gamma: "gamma"
        case .tweedie(let power): "tweedie \(power)"
        case .logistic: "logistic"
        case .softmax: "softmax"
        case .lambdaRank: "rank"
        }
    }
}

extension BoostingTrainer.Features {
    /// The columns that stages have made of the features: where each is one column, categories are codes.
    init(_ schema: FeatureSchema, _ preparation: TrainingData.Preparation) {
        self.init(count: preparation.width)
        guard preparation.width == schema.count else { return }
        categoryCounts = schema.features.map(\.categoryCount)
    }
}

extension Feature {
    /// How many categories it has; nil for numbers.
    var categoryCount: Int? {
        if case .categorical(let categories) = kind { categories.count } else { nil }
    }
}
