// SPDX-License-Identifier: Apache-2.0
import Base

/// Estimators that ask several others.
extension SkopsComposite {
    // MARK: Means and votes

    /// One weight an estimator that was not dropped; nil when all count alike.
    func votingWeights() throws(FormatError) -> [Double]? {
        guard let list = node["weights"] else { return nil }
        let weights = try archive.doubles(list)
        let entries = try node.require("estimators").items ?? []
        if entries.count != weights.count {
            throw .wrongShape(part: list.path, expected: "[\(entries.count)]", found: "[\(weights.count)]")
        }
        return zip(entries, weights).filter { $0.0.items?.last?.scalar?.string != "drop" }.map(\.1)
    }

    /// The weighted mean of values of one width.
    private mutating func mean(_ values: [Int], weights: [Double]?) throws(FormatError) -> Int {
        let weights = weights ?? [Double](repeating: 1, count: values.count)
        let sum = weights.reduce(0, +)
        if weights.count != values.count || sum == 0 {
            throw .wrongShape(part: part, expected: "[\(values.count)]", found: "[\(weights.count)]")
        }
        var total: Int?
        for (value, weight) in zip(values, weights) {
            let term = weight == 1 ? value : try add(.combine(.multiply), value, try constant(weight))
            total =
                try total.map { (total) throws(FormatError) in try add(.combine(.add), total, term) } ?? term
        }
        return try add(.combine(.divide), total ?? x, try constant(sum))
    }

    mutating func readMean(_ members: [Member], weights: [Double]?) throws(FormatError) {
        var values: [Int] = []
        for member in members {
            if member.labels != nil { throw refuse("a classifier among regressors") }
            values.append(try self.values(member))
        }
        _ = try mean(values, weights: weights)
    }

    mutating func readVotes() throws(FormatError) {
        let members = try members("estimators_")
        let weights = try votingWeights()
        let isSoft = node.string("voting") == "soft"
        output = try classifier(isSoft ? .probability : .identity)
        let classCount = output.labels?.count ?? 0
        var values: [Int] = []
        for member in members {
            if member.labels?.count != classCount { throw refuse("other classes in \(member.node.path)") }
            if !isSoft {
                values.append(try add(.oneHot(count: classCount), try labelIndex(member)))
            } else if member.hasProbabilities {
                values.append(try self.values(member))
            } else {
                throw refuse("\(member.node.className), which has no probabilities,")
            }
        }
        _ = try mean(values, weights: weights)
    }

    // MARK: Bagging

    func featureLists(_ count: Int) throws(FormatError) -> [[Int]?] {
        guard let list = node["estimators_features_"]?.items else {
            return [[Int]?](repeating: nil, count: count)
        }
        var features: [[Int]?] = []
        for item in list { features.append(try archive.doubles(item).compactMap { Int(exactly: $0) }) }
        if features.count != count {
            throw .wrongShape(
                part: "\(part).estimators_features_", expected: "[\(count)]", found: "[\(features.count)]")
        }
        return features
    }

    mutating func baggedMembers() throws(FormatError) -> [Member] {
        let nodes = try node.require("estimators_").items ?? []
        var members: [Member] = []
        for (inner, features) in zip(nodes, try featureLists(nodes.count)) {
            members.append(try member(inner, features: features))
        }
        if members.isEmpty { throw .missingPart("\(part).estimators_") }
        return members
    }

    mutating func readBaggedClasses() throws(FormatError) {
        output = try classifier(.probability)
        let classCount = output.labels?.count ?? 0
        var values: [Int] = []
        for member in try baggedMembers() {
            var value: Int
            if member.hasProbabilities {
                value = try self.values(member)
            } else {
                value = try add(.oneHot(count: member.labels?.count ?? 1), try labelIndex(member))
            }
            if let labels = member.labels, labels.count != classCount {
                value = try scatter(value, labels, classCount: classCount)
            }
            values.append(value)
        }
        _ = try mean(values, weights: nil)
    }

    /// Columns of a model that saw some of the classes; its labels are indices of all.
    private mutating func scatter(
        _ value: Int, _ labels: ClassLabels, classCount: Int
    ) throws(FormatError) -> Int {
        guard case .integers(let places) = labels else { throw refuse("classes that are no numbers inside") }
        var matrix = [Double](repeating: 0, count: classCount * places.count)
        for (column, place) in places.enumerated() {
            guard place >= 0, place < Int64(classCount) else {
                throw refuse("class \(place) of \(classCount)")
            }
            matrix[Int(place) * places.count + column] = 1
        }
        return try multiply(value, matrix, outputs: classCount)
    }

    // MARK: Stacking

    mutating func readStack() throws(FormatError) {
        let isClassifier = node.className == "StackingClassifier"
        let members = try members("estimators_")
        let methods = try node.require("stack_method_").items ?? []
        if methods.count != members.count {
            throw .wrongShape(
                part: "\(part).stack_method_", expected: "[\(members.count)]", found: "[\(methods.count)]")
        }
        var values: [Int] = []
        for (member, method) in zip(members, methods) {
            values.append(try stacked(member, method.scalar?.string ?? ""))
        }
        if node.flag("passthrough") == true { values.append(x) }
        let joined = try program.add(.join, values, part: part)
        let final = try self.member(try node.require("final_estimator_"), reading: joined)
        if isClassifier {
            let transform = final.graph.output.transform
            output = try classifier(transform)
            output.slope = final.graph.output.slope
            if output.labels?.count != final.labels?.count {
                throw refuse("other classes in final_estimator_")
            }
        } else {
            output = final.graph.output
            if output.labels != nil { throw refuse("a classifier as final_estimator_") }
        }
        try add(.model(final.graph, .margins), joined)
    }

    private mutating func stacked(_ member: Member, _ method: String) throws(FormatError) -> Int {
        switch method {
        case "predict_proba":
            guard member.hasProbabilities else { throw refuse("probabilities of \(member.node.className)") }
            let values = try values(member)
            return program.widths[values] == 2 ? try add(.select([1]), values) : values
        case "decision_function":
            guard let decision = try decision(member) else {
                throw refuse("the decision function of \(member.node.className)")
            }
            return decision
        case "predict" where member.labels == nil: return try values(member)
        case "predict":
            guard case .integers(let numbers)? = member.labels else { throw refuse("labels that are text") }
            let index = try labelIndex(member)
            let chosen = try add(.oneHot(count: numbers.count), index)
            return try multiply(chosen, numbers.map { Double($0) }, outputs: 1)
        default: throw refuse("stack_method_ \"\(method)\"")
        }
    }

    // MARK: Calibration

    mutating func readCalibration() throws(FormatError) {
        output = try classifier(.probability)
        let classCount = output.labels?.count ?? 0
        var values: [Int] = []
        for inner in try node.require("calibrated_classifiers_").items ?? [] {
            values.append(try calibrated(inner, classCount: classCount))
        }
        if values.isEmpty { throw .missingPart("\(part).calibrated_classifiers_") }
        _ = try mean(values, weights: nil)
    }

    private mutating func calibrated(_ inner: SkopsNode, classCount: Int) throws(FormatError) -> Int {
        guard let estimator = inner["estimator"] ?? inner["base_estimator"] else {
            throw .missingPart("\(inner.path).estimator")
        }
        let member = try member(estimator)
        if member.labels?.count != classCount { throw refuse("other classes in \(estimator.path)") }
        let scores: Int
        if let decision = try decision(member) {
            scores = decision
        } else if member.hasProbabilities {
            let all = try self.values(member)
            scores = classCount == 2 ? try add(.select([1]), all) : all
        } else {
            throw refuse("\(estimator.className), which has neither probabilities nor margins,")
        }
        let calibrators = try inner.require("calibrators").items ?? []
        if calibrators.count != program.widths[scores] {
            throw .wrongShape(
                part: "\(inner.path).calibrators", expected: "[\(program.widths[scores])]",
                found: "[\(calibrators.count)]")
        }
        var columns: [Int] = []
        for (index, calibrator) in calibrators.enumerated() {
            columns.append(try calibrate(try add(.select([index]), scores), calibrator))
        }
        if classCount == 2 {
            let other = try add(.combine(.subtract), try constant(1), columns[0])
            return try program.add(.join, [other, columns[0]], part: part)
        }
        return try shares(try program.add(.join, columns, part: part))
    }

    private mutating func calibrate(_ score: Int, _ calibrator: SkopsNode) throws(FormatError) -> Int {
        switch calibrator.className {
        case "_SigmoidCalibration":
            let slope = try archive.double(try calibrator.require("a_"))
            let offset = try archive.double(try calibrator.require("b_"))
            return try add(.apply(.logistic), try add(.product(matrix: [-slope], addends: [-offset]), score))
        case "IsotonicRegression":
            if calibrator.string("out_of_bounds") != "clip" { throw refuse("out_of_bounds not \"clip\"") }
            let curve = RowCurve(
                x: try archive.doubles(try calibrator.require("X_thresholds_")),
                y: try archive.doubles(try calibrator.require("y_thresholds_")))
            return try add(.interpolate([curve]), score)
        default: throw refuse("the calibrator \(calibrator.className)")
        }
    }

    /// Each number divided by the sum of all; all the same where the sum is 0.
    mutating func shares(_ value: Int) throws(FormatError) -> Int {
        let count = program.widths[value]
        let sum = try add(.reduce(.sum), value)
        let isZero = try add(.combine(.equal), sum, try constant(0))
        let filled = try add(.combine(.add), value, isZero)
        let factor = try add(.product(matrix: [Double(count)], addends: [0]), isZero)
        return try add(.combine(.divide), filled, try add(.combine(.add), sum, factor))
    }

    // MARK: Boosting

    mutating func readBoostedClasses() throws(FormatError) {
        output = try classifier(.softmax)
        let classCount = output.labels?.count ?? 0
        let weights = try numbers("estimator_weights_")
        let nodes = try node.require("estimators_").items ?? []
        let isReal = node.string("algorithm") == "SAMME.R"
        guard isReal || SkopsMath.isVersion(node.string("_sklearn_version"), atLeast: (1, 4)) else {
            throw refuse("algorithm=\"SAMME\" of scikit-learn before 1.4")
        }
        if nodes.isEmpty || nodes.count > weights.count || classCount < 2 {
            throw .wrongShape(
                part: "\(part).estimator_weights_", expected: "[\(nodes.count)], two classes or more",
                found: "[\(weights.count)]")
        }
        var total: Int?
        for (inner, weight) in zip(nodes, weights) {
            let member = try member(inner)
            if member.labels?.count != classCount { throw refuse("other classes in \(inner.path)") }
            let term = try isReal ? logShares(member, classCount) : vote(member, classCount, weight)
            total =
                try total.map { (total) throws(FormatError) in try add(.combine(.add), total, term) } ?? term
        }
        // Of two classes the second's margin is that minus the first's, and its half counts on either side.
        let sum = weights.reduce(0, +)
        if classCount == 2 {
            try add(
                .product(matrix: [0.5 / sum, -0.5 / sum, -0.5 / sum, 0.5 / sum], addends: [0, 0]), total ?? x)
        } else {
            try add(.combine(.divide), total ?? x, try constant(sum * Double(classCount - 1)))
        }
    }

    private mutating func vote(
        _ member: Member, _ classCount: Int, _ weight: Double
    ) throws(FormatError) -> Int {
        let chosen = try add(.oneHot(count: classCount), try labelIndex(member))
        let other = -1 / Double(classCount - 1) * weight
        let scaled = try add(.combine(.multiply), chosen, try constant(weight - other))
        return try add(.combine(.add), scaled, try constant(other))
    }

    private mutating func logShares(_ member: Member, _ classCount: Int) throws(FormatError) -> Int {
        guard member.hasProbabilities else { throw refuse("\(member.node.className) without probabilities") }
        let shares = try add(.combine(.maximum), try values(member), try constant(.ulpOfOne))
        let logarithms = try add(.apply(.logarithm), shares)
        let sum = try add(.reduce(.sum), logarithms)
        let mean = try add(.product(matrix: [1 / Double(classCount)], addends: [0]), sum)
        let centred = try add(.combine(.subtract), logarithms, mean)
        return try add(.combine(.multiply), centred, try constant(Double(classCount - 1)))
    }

    mutating func readMedian() throws(FormatError) {
        var values: [Int] = []
        for member in try members("estimators_") { values.append(try self.values(member)) }
        let joined = try program.add(.join, values, part: part)
        let weights = try numbers("estimator_weights_").prefix(values.count)
        try add(.weightedMedian(weights: Array(weights)), joined)
    }

    // MARK: One against the others

    mutating func readOneAgainstOthers() throws(FormatError) {
        let kind = node["label_binarizer_"]?.string("y_type_") ?? ""
        if kind.hasPrefix("multilabel") { throw refuse("several labels a row") }
        let members = try members("estimators_")
        let hasProbabilities = members.allSatisfy(\.hasProbabilities)
        output = try classifier(hasProbabilities ? .probability : .identity)
        var columns: [Int] = []
        for member in members {
            if member.labels?.count != 2 {
                throw refuse("\(member.node.className) of other than two classes")
            }
            let values = try values(member)
            columns.append(hasProbabilities ? try add(.select([1]), values) : values)
        }
        let joined = try program.add(.join, columns, part: part)
        if hasProbabilities && columns.count > 1 { _ = try shares(joined) }
    }

    /// `LogisticRegression` and `SGDClassifier` whose classes were fitted each by itself.
    mutating func readLinearOneAgainstOthers() throws(FormatError) {
        let labels = try SkopsEstimator.classes(node, archive)
        let coefficients = try numbers("coef_")
        var intercepts = try numbers("intercept_")
        let count = labels.count == 2 ? 1 : labels.count
        if intercepts.count == 1 { intercepts = [Double](repeating: intercepts[0], count: count) }
        let margins = try add(.product(matrix: coefficients, addends: intercepts), x)
        if count == 1 {
            output = try classifier(.logistic)
        } else {
            output = try classifier(.probability)
            _ = try shares(try add(.apply(.logistic), margins))
        }
    }

    // MARK: Targets

    mutating func readTransformedTarget() throws(FormatError) {
        let member = try member(try node.require("regressor_"))
        if member.labels != nil { throw refuse("a classifier") }
        let value = try values(member)
        guard let transformer = node["transformer_"] else { return }
        switch transformer.className {
        case "FunctionTransformer":
            guard let inverse = transformer["inverse_func"] else { return }
            guard let function = SkopsTransformers.function(inverse) else {
                throw refuse("inverse_func other than exp, expm1, log, log1p, square and sqrt")
            }
            try add(.apply(function), value)
        case "StandardScaler", "RobustScaler":
            let names =
                transformer.className == "StandardScaler" ? ("scale_", "mean_") : ("scale_", "center_")
            let scale =
                try transformer[names.0].map { (node) throws(FormatError) in try archive.double(node) } ?? 1
            let offset =
                try transformer[names.1].map { (node) throws(FormatError) in try archive.double(node) } ?? 0
            try add(.product(matrix: [scale], addends: [offset]), value)
        case "MinMaxScaler":
            let offset = try archive.double(try transformer.require("min_"))
            let scale = try archive.double(try transformer.require("scale_"))
            let lifted = try add(.combine(.subtract), value, try constant(offset))
            try add(.combine(.divide), lifted, try constant(scale))
        case "PowerTransformer": try invertPower(transformer, value)
        case "QuantileTransformer":
            let references = try archive.doubles(try transformer.require("references_"))
            let quantiles = try archive.doubles(try transformer.require("quantiles_"))
            if references.isEmpty || quantiles.count != references.count {
                throw refuse("several targets")
            }
            _ = try SkopsQuantiles.inverse(
                &program, of: value, references: references, quantiles: quantiles,
                isNormal: transformer.string("output_distribution") == "normal", part: part)
        default: throw refuse("the target's \(transformer.className)")
        }
    }

    /// The way back from Yeo and Johnson's transform, whose sides meet at 0, or from Box and Cox's.
    private mutating func invertPower(_ transformer: SkopsNode, _ value: Int) throws(FormatError) {
        let exponent = try archive.double(try transformer.require("lambdas_"))
        var value = value
        if transformer.flag("standardize") != false, let scaler = transformer["_scaler"] {
            let scale = try archive.double(try scaler.require("scale_"))
            let mean = try archive.double(try scaler.require("mean_"))
            value = try add(.product(matrix: [scale], addends: [mean]), value)
        }
        if transformer.string("method") == "box-cox" {
            if exponent == 0 {
                try add(.apply(.exponential), value)
            } else {
                try add(.apply(.exponential), try rootOfOnePlus(value, exponent))
            }
            return
        }
        let zero = try constant(0)
        var above = try add(.combine(.maximum), value, zero)
        if exponent != 0 { above = try rootOfOnePlus(above, exponent) }
        above = try add(.apply(.exponentialMinusOne), above)
        var below = try add(.apply(.negative), try add(.combine(.minimum), value, zero))
        if exponent != 2 { below = try rootOfOnePlus(below, 2 - exponent) }
        below = try add(.apply(.exponentialMinusOne), below)
        try add(.combine(.subtract), above, below)
    }

    /// log(1 + exponent · x) / exponent
    private mutating func rootOfOnePlus(_ value: Int, _ exponent: Double) throws(FormatError) -> Int {
        let scaled = try add(.combine(.multiply), value, try constant(exponent))
        let logarithm = try add(.apply(.logarithmOfOnePlus), scaled)
        return try add(.combine(.divide), logarithm, try constant(exponent))
    }
}
