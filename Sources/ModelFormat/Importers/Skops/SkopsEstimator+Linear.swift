// SPDX-License-Identifier: Apache-2.0

/// Linear models and networks.
extension SkopsEstimator {
    private static let regressors: Set<String> = [
        "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "Lars",
        "LassoLars", "LassoLarsCV", "LassoLarsIC", "OrthogonalMatchingPursuit", "BayesianRidge",
        "ARDRegression", "HuberRegressor", "TheilSenRegressor", "SGDRegressor", "PassiveAggressiveRegressor",
        "LinearSVR", "QuantileRegressor", "LarsCV", "OrthogonalMatchingPursuitCV", "MultiTaskLasso",
        "MultiTaskLassoCV", "MultiTaskElasticNet", "MultiTaskElasticNetCV",
    ]
    /// Classifiers that have margins, but no probabilities.
    private static let marginClassifiers: Set<String> = [
        "RidgeClassifier", "RidgeClassifierCV", "Perceptron", "PassiveAggressiveClassifier", "LinearSVC",
        "SGDClassifier",
    ]

    mutating func readLinear() throws(FormatError) {
        var output = OutputDescription(transform: .identity)
        switch node.className {
        case let name where SkopsEstimator.regressors.contains(name): break
        case "PoissonRegressor", "GammaRegressor": output.transform = .exponential
        case "TweedieRegressor":
            let power = try archive.double(try node.require("power"))
            let link = node.string("link") ?? "auto"
            if link == "log" || (link == "auto" && power > 0) { output.transform = .exponential }
        case "LogisticRegression", "LogisticRegressionCV": output = try logistic()
        case "LinearDiscriminantAnalysis":
            output = try classifier(.logistic)
            if let count = output.labels?.count, count > 2 { output.transform = .softmax }
        case "MultinomialNB", "ComplementNB":
            output = try classifier(.softmax)
            return set(.linear(try naiveBayes(output.labels?.count ?? 0)), output)
        case let name where SkopsEstimator.marginClassifiers.contains(name):
            output = try classifier(.identity)
            if node.string("loss") == "log_loss", output.labels?.count == 2 { output.transform = .logistic }
        default: throw unsupported(node.className)
        }
        set(.linear(try linear()), output)
    }

    private func logistic() throws(FormatError) -> OutputDescription {
        let output = try classifier(.logistic)
        guard let count = output.labels?.count, count > 2 else { return output }
        if node.string("multi_class") == "ovr" || node.string("solver") == "liblinear" {
            throw unsupported("LogisticRegression of \(count) classes, one against the others")
        }
        return try classifier(.softmax)
    }

    /// `coef_` has one row an output, or is a vector; `intercept_` is 0.0 when none was fitted.
    private func linear() throws(FormatError) -> LinearModel {
        let coefficients = try archive.doubles(try node.require("coef_"))
        var intercepts = try archive.doubles(try node.require("intercept_"))
        let outputCount = width == 0 ? 0 : coefficients.count / width
        if outputCount == 0 || coefficients.count != outputCount * width {
            throw .wrongShape(
                part: "\(node.path).coef_", expected: "[outputs, \(width)]", found: "[\(coefficients.count)]")
        }
        if intercepts.count == 1 { intercepts = [Double](repeating: intercepts[0], count: outputCount) }
        return LinearModel(coefficients: coefficients, intercepts: intercepts)
    }

    /// Logarithms of probabilities times counts.
    private func naiveBayes(_ classCount: Int) throws(FormatError) -> LinearModel {
        let coefficients = try archive.doubles(try node.require("feature_log_prob_"))
        if classCount < 2 || coefficients.count != classCount * width {
            throw .wrongShape(
                part: "\(node.path).feature_log_prob_",
                expected: "[\(classCount), \(width)], two classes or more",
                found: "[\(coefficients.count)]")
        }
        let intercepts =
            node.className == "ComplementNB"
            ? [Double](repeating: 0, count: classCount)
            : try archive.doubles(try node.require("class_log_prior_"))
        return LinearModel(coefficients: coefficients, intercepts: intercepts)
    }

    // MARK: Networks

    private static let activations: [String: MultilayerPerceptron.Activation] = [
        "identity": .identity, "relu": .relu, "tanh": .tanh, "logistic": .logistic,
    ]

    mutating func readNetwork() throws(FormatError) {
        let name = node.string("activation") ?? ""
        guard let activation = SkopsEstimator.activations[name] else {
            throw unsupported("activation \"\(name)\"")
        }
        let weights = try node.require("coefs_").items ?? []
        let biases = try node.require("intercepts_").items ?? []
        if weights.count != biases.count {
            throw .wrongShape(
                part: "\(node.path).intercepts_", expected: "[\(weights.count)]", found: "[\(biases.count)]")
        }
        var layers: [MultilayerPerceptron.Layer] = []
        for (index, pair) in zip(weights, biases).enumerated() {
            let array = try archive.array(pair.0)
            guard array.shape.count == 2 else {
                throw .wrongShape(part: pair.0.path, expected: "[inputs, outputs]", found: "\(array.shape)")
            }
            let (inputs, outputs) = (array.shape[0], array.shape[1])
            let numbers = try array.doubles(part: pair.0.path)
            var turned: [Float] = []
            turned.reserveCapacity(numbers.count)
            for output in 0..<outputs {
                for input in 0..<inputs { turned.append(Float(numbers[input * outputs + output])) }
            }
            layers.append(
                MultilayerPerceptron.Layer(
                    weights: turned, biases: try archive.doubles(pair.1).map { Float($0) },
                    activation: index + 1 < weights.count ? activation : .identity))
        }
        let transform: OutputTransform
        switch node.string("out_activation_") {
        case "identity": transform = .identity
        case "logistic": transform = .logistic
        case "softmax": transform = .softmax
        case "exp": transform = .exponential
        case let other: throw unsupported("out_activation_ \"\(other ?? "")\"")
        }
        let isClassifier = node.className == "MLPClassifier"
        set(
            .multilayerPerceptron(MultilayerPerceptron(layers: layers)),
            isClassifier ? try classifier(transform) : OutputDescription(transform: transform))
    }
}
