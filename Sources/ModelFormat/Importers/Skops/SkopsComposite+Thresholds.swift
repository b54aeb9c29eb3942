// SPDX-License-Identifier: Apache-2.0
import Base

/// Classifiers of two classes that draw the line elsewhere than in the middle, and chains of regressors.
extension SkopsComposite {
    // MARK: Thresholds

    /// The margin is what the score has above the threshold; a score at it counts as above.
    mutating func readThreshold() throws(FormatError) {
        let member = try member(try node.require("estimator_", or: "estimator"))
        guard let labels = member.labels, labels.count == 2 else { throw refuse("other than two classes") }
        let method = node.string("response_method") ?? "auto"
        let usesProbabilities: Bool
        switch method {
        case "auto": usesProbabilities = member.hasProbabilities
        case "predict_proba": usesProbabilities = true
        case "decision_function": usesProbabilities = false
        default: throw refuse("response_method=\"\(method)\"")
        }
        let positive = try positiveLabel()
        let isSecond: Bool
        switch (labels, positive) {
        case (_, nil): isSecond = true
        case (.integers(let numbers), .number(let number)?) where numbers.contains { Double($0) == number }:
            isSecond = Double(numbers[1]) == number
        case (.strings(let names), .text(let name)?) where names.contains(name): isSecond = names[1] == name
        default: throw refuse("a pos_label that is no class")
        }
        let score: Int
        if usesProbabilities {
            guard member.hasProbabilities else { throw refuse("probabilities of \(member.node.className)") }
            score = try add(.select([isSecond ? 1 : 0]), try values(member))
        } else {
            guard let decision = try decision(member) else {
                throw refuse("the decision function of \(member.node.className)")
            }
            score = isSecond ? decision : try add(.apply(.negative), decision)
        }
        let line = try threshold(usesProbabilities: usesProbabilities)
        let excess = try add(.combine(.subtract), score, try constant(line.nextDown))
        if !isSecond { try add(.apply(.negative), excess) }
        output = OutputDescription(transform: .identity, labels: labels, predictsLabels: true)
    }

    private func threshold(usesProbabilities: Bool) throws(FormatError) -> Double {
        if node.className == "TunedThresholdClassifierCV" {
            return try archive.double(try node.require("best_threshold_"))
        }
        if node.string("threshold") == "auto" { return usesProbabilities ? 0.5 : 0 }
        return try archive.double(try node.require("threshold"))
    }

    /// Nil for the second class.
    private func positiveLabel() throws(FormatError) -> SkopsLabel? {
        let named = node["pos_label"] ?? node["_curve_scorer"]?["_kwargs"]?["pos_label"]
        guard let named else { return nil }
        if named.value["file"] != nil { return .number(try archive.double(named)) }
        switch named.scalar {
        case .string(let text): return .text(text)
        case .integer(let number): return .number(Double(number))
        case .number(let number): return .number(number)
        case .bool(let flag): return .number(flag ? 1 : 0)
        default: return .nothing
        }
    }

    // MARK: Pairs

    /// A model a pair of classes: the votes count first, then how sure the models were.
    mutating func readPairs() throws(FormatError) {
        output = try classifier(.identity)
        let classCount = output.labels?.count ?? 0
        let members = try members("estimators_")
        let indices = node["pairwise_indices_"]
        guard classCount >= 2, classCount <= 1 << 7, members.count == classCount * (classCount - 1) / 2,
            indices == nil
        else { throw refuse("\(members.count) models of \(classCount) classes, or kernels of its own") }
        var scores: [Int] = []
        var chosen: [Int] = []
        for member in members {
            guard member.labels?.count == 2 else { throw refuse("other than two classes a model") }
            chosen.append(try labelIndex(member))
            if let decision = try decision(member) {
                scores.append(decision)
            } else {
                guard member.hasProbabilities else { throw refuse("\(member.node.className)") }
                scores.append(try add(.select([1]), try values(member)))
            }
        }
        if classCount == 2 {
            // One model, whose own line it is.
            let half = try constant(0.5)
            try add(.combine(.subtract), chosen[0], half)
            return
        }
        var votes = [Double](repeating: 0, count: classCount * members.count)
        var sides = votes
        var addends = [Double](repeating: 0, count: classCount)
        var pair = 0
        for first in 0..<classCount {
            for second in first + 1..<classCount {
                votes[first * members.count + pair] = -1
                addends[first] += 1
                votes[second * members.count + pair] = 1
                sides[first * members.count + pair] = -1
                sides[second * members.count + pair] = 1
                pair += 1
            }
        }
        let allChosen = try program.add(.join, chosen, part: part)
        let counts = try add(.product(matrix: votes, addends: addends), allChosen)
        let allScores = try program.add(.join, scores, part: part)
        let sums = try multiply(allScores, sides, outputs: classCount)
        let sizes = try add(.combine(.add), try add(.apply(.absolute), sums), try constant(1))
        let limits = try add(.combine(.multiply), sizes, try constant(3))
        try add(.combine(.add), counts, try add(.combine(.divide), sums, limits))
    }

    // MARK: Boosting

    /// Trees that correct a model's answers: its values, or the margins of its probabilities.
    mutating func readBoostedModel() throws(FormatError) {
        let isClassifier = node.className.hasSuffix("Classifier")
        // Boosting has rounded the columns before the model sees them.
        let member = try member(try node.require("init_"), reading: try add(.apply(.narrowed), x))
        let trees = try SkopsEstimator(archive, node, width: width, isFirstGuessLeftOut: true)
        let graph = ModelGraph(
            schema: columns.innerSchema, estimator: trees.estimator,
            output: OutputDescription(transform: .identity))
        try graph.validate()
        let corrections = try add(.model(graph, .margins), x)
        var guess = try values(member)
        if isClassifier {
            guard member.hasProbabilities else { throw refuse("init=\(member.node.className)") }
            // Until 1.7 extreme probabilities were moved further in.
            let isExact = SkopsMath.isVersion(node.string("_sklearn_version"), atLeast: (1, 8))
            let border = isExact ? Double.ulpOfOne : Double(Float.ulpOfOne)
            guess = try add(.combine(.maximum), guess, try constant(border))
            guess = try add(.combine(.minimum), guess, try constant(1 - border))
            guess = try margins(ofShares: guess, count: program.widths[corrections])
        }
        try add(.combine(.add), guess, corrections)
        output = trees.output
    }

    private mutating func margins(ofShares shares: Int, count: Int) throws(FormatError) -> Int {
        if count == 1 {
            guard program.widths[shares] == 2 else {
                throw refuse("\(program.widths[shares]) classes in init_")
            }
            let share = try add(.select([1]), shares)
            let rest = try add(.combine(.subtract), try constant(1), share)
            let odds = try add(.apply(.logarithm), try add(.combine(.divide), share, rest))
            return node.string("loss") == "exponential"
                ? try add(.combine(.multiply), odds, try constant(0.5)) : odds
        }
        let logarithms = try add(.apply(.logarithm), shares)
        // From 1.4 on the logarithms are centred; before, they were not.
        guard SkopsMath.isVersion(node.string("_sklearn_version"), atLeast: (1, 4)) else { return logarithms }
        let mean = try add(
            .product(matrix: [1 / Double(count)], addends: [0]), try add(.reduce(.sum), logarithms))
        return try add(.combine(.subtract), logarithms, mean)
    }

    // MARK: Chains

    /// Each regressor reads what those before it answered, too.
    mutating func readChain() throws(FormatError) {
        let nodes = try node.require("estimators_").items ?? []
        let order = try numbers("order_").compactMap { Int(exactly: $0) }
        if nodes.isEmpty || order.sorted() != Array(nodes.indices) {
            throw .wrongShape(
                part: "\(part).order_", expected: "[\(nodes.count)], each place once",
                found: "[\(order.count)]")
        }
        var answers: [Int] = []
        for inner in nodes {
            let input = try program.add(.join, [x] + answers, part: part)
            let member = try member(inner, reading: input)
            if member.labels != nil { throw refuse("a classifier") }
            answers.append(try values(member))
            if program.widths[answers[answers.count - 1]] != 1 { throw refuse("several targets a regressor") }
        }
        try join(order.indices.map { target in answers[order.firstIndex(of: target) ?? 0] })
    }
}
