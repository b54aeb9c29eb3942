// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Estimators that hold estimators, kernels or known points, as programs of rows.
struct SkopsComposite: ~Escapable {
    let archive: SkopsArchive
    let node: SkopsNode
    /// What comes in; models inside may say that a column is text.
    private(set) var columns: SkopsColumns
    var program: RowProgram
    /// The value that the estimator reads.
    let x: Int
    var output = OutputDescription(transform: .identity)

    @_lifetime(copy archive)
    init(_ archive: SkopsArchive, _ node: SkopsNode, columns: SkopsColumns) {
        self.archive = archive
        self.node = node
        self.columns = columns
        program = columns.program ?? RowProgram(inputWidth: columns.count)
        x = program.last
    }

    private static let classes: Set<String> = [
        "VotingClassifier", "VotingRegressor", "BaggingClassifier", "BaggingRegressor", "StackingClassifier",
        "StackingRegressor", "CalibratedClassifierCV", "AdaBoostClassifier", "AdaBoostRegressor",
        "MultiOutputRegressor", "OneVsRestClassifier", "TransformedTargetRegressor", "SVC", "NuSVC", "SVR",
        "NuSVR", "OneClassSVM", "KNeighborsClassifier", "KNeighborsRegressor", "KernelRidge", "GaussianNB",
        "BernoulliNB", "QuadraticDiscriminantAnalysis", "IsolationForest", "KMeans", "MiniBatchKMeans",
        "DummyClassifier", "DummyRegressor", "PLSRegression", "CCA", "PLSCanonical", "EllipticEnvelope",
        "SGDOneClassSVM", "NearestCentroid", "GaussianMixture", "CategoricalNB", "GaussianProcessRegressor",
        "FixedThresholdClassifier", "TunedThresholdClassifierCV", "RegressorChain", "MeanShift",
        "OneVsOneClassifier",
    ]

    /// Whether `node` is one of them; so are linear models whose classes are held against the others.
    static func reads(_ node: SkopsNode, _ archive: SkopsArchive) -> Bool {
        guard node.module.hasPrefix("sklearn.") else { return false }
        if classes.contains(node.className) { return true }
        if node.className.hasPrefix("GradientBoosting") { return startsFromModel(node) }
        guard isOneAgainstOthers(node), let labels = try? SkopsEstimator.classes(node, archive) else {
            return false
        }
        return labels.count > 2
    }

    /// Whether the first guess of boosting is a model of its own.
    private static func startsFromModel(_ node: SkopsNode) -> Bool {
        guard let guess = node["init_"], guess.scalar == nil else { return false }
        return !guess.className.hasPrefix("Dummy")
    }

    private static func isOneAgainstOthers(_ node: SkopsNode) -> Bool {
        switch node.className {
        case "LogisticRegression", "LogisticRegressionCV":
            node.string("multi_class") == "ovr" || node.string("solver") == "liblinear"
        case "SGDClassifier": node.string("loss") == "log_loss"
        default: false
        }
    }

    mutating func read() throws(FormatError) {
        switch node.className {
        case "VotingClassifier": try readVotes()
        case "VotingRegressor": try readMean(try members("estimators_"), weights: try votingWeights())
        case "BaggingClassifier": try readBaggedClasses()
        case "BaggingRegressor": try readMean(try baggedMembers(), weights: nil)
        case "StackingClassifier", "StackingRegressor": try readStack()
        case "CalibratedClassifierCV": try readCalibration()
        case "AdaBoostClassifier": try readBoostedClasses()
        case "AdaBoostRegressor": try readMedian()
        case "MultiOutputRegressor":
            try join(try members("estimators_").map { (member) throws(FormatError) in try values(member) })
        case "OneVsRestClassifier": try readOneAgainstOthers()
        case "TransformedTargetRegressor": try readTransformedTarget()
        case "SVC", "NuSVC": try readSupportVectorClasses()
        case "SVR", "NuSVR", "OneClassSVM": try readSupportVectors()
        case "KNeighborsClassifier", "KNeighborsRegressor": try readNeighbours()
        case "KernelRidge": try readKernelRidge()
        case "GaussianNB": try readGaussians()
        case "BernoulliNB": try readCoins()
        case "QuadraticDiscriminantAnalysis": try readQuadratic()
        case "IsolationForest": try readIsolation()
        case "KMeans", "MiniBatchKMeans", "MeanShift": try readCentres()
        case "DummyClassifier", "DummyRegressor": try readConstant()
        case "PLSRegression", "CCA", "PLSCanonical": try readPartialLeastSquares()
        case "EllipticEnvelope": try readEnvelope()
        case "SGDOneClassSVM": try readOutlierPlane()
        case "NearestCentroid": try readNearestCentre()
        case "GaussianMixture": try readMixture()
        case "CategoricalNB": try readCategoricalBayes()
        case "GaussianProcessRegressor": try readProcess()
        case "FixedThresholdClassifier", "TunedThresholdClassifierCV": try readThreshold()
        case "RegressorChain": try readChain()
        case "OneVsOneClassifier": try readPairs()
        case "GradientBoostingClassifier", "GradientBoostingRegressor": try readBoostedModel()
        default: try readLinearOneAgainstOthers()
        }
        try columns.finish()
    }

    // MARK: Parts

    var part: String { node.path }
    var width: Int { program.widths[x] }

    func refuse(_ what: String) -> FormatError {
        .unsupported(part: "\(part): \(node.className) with \(what)", advice: SkopsImporter.advice)
    }

    func numbers(_ name: String) throws(FormatError) -> [Double] {
        try archive.doubles(try node.require(name))
    }

    @discardableResult
    mutating func add(_ operation: RowOperation, _ inputs: Int...) throws(FormatError) -> Int {
        try program.add(operation, inputs, part: part)
    }

    mutating func constant(_ number: Double) throws(FormatError) -> Int { try add(.constants([number])) }

    mutating func join(_ values: [Int]) throws(FormatError) {
        try program.add(.join, values, part: part)
    }

    static func classifier(
        _ node: SkopsNode, _ archive: SkopsArchive, _ transform: OutputTransform
    ) throws(FormatError) -> OutputDescription {
        OutputDescription(
            transform: transform, labels: try SkopsEstimator.classes(node, archive), predictsLabels: true)
    }

    func classifier(_ transform: OutputTransform) throws(FormatError) -> OutputDescription {
        try SkopsComposite.classifier(node, archive, transform)
    }

    /// One output a row of `matrix`, without addends.
    mutating func multiply(_ value: Int, _ matrix: [Double], outputs: Int) throws(FormatError) -> Int {
        try add(.product(matrix: matrix, addends: [Double](repeating: 0, count: outputs)), value)
    }

    // MARK: Models inside

    /// A model inside this one, and the value that it reads.
    struct Member {
        var graph: ModelGraph
        var input: Int
        var node: SkopsNode

        var labels: ClassLabels? { graph.output.labels }

        var hasProbabilities: Bool {
            labels != nil && [.logistic, .softmax, .probability].contains(graph.output.transform)
        }
    }

    /// `features`: what it reads of the columns; all when nil.
    mutating func member(_ inner: SkopsNode, features: [Int]? = nil) throws(FormatError) -> Member {
        if let features, features != Array(0..<width) {
            return try member(inner, reading: try add(.select(features), x))
        }
        let graph = try SkopsImporter.read(archive, inner, schema: columns.innerSchema)
        try columns.adopt(graph.schema, part: inner.path)
        return Member(graph: graph, input: x, node: inner)
    }

    /// A model that reads what others made.
    mutating func member(_ inner: SkopsNode, reading input: Int) throws(FormatError) -> Member {
        let names = (0..<program.widths[input]).map { Feature(name: "x\($0)", kind: .numeric) }
        let graph = try SkopsImporter.read(archive, inner, schema: FeatureSchema(features: names))
        if graph.schema.features.contains(where: { $0.kind != .numeric }) {
            throw refuse("text categories in \(inner.path)")
        }
        return Member(graph: graph, input: input, node: inner)
    }

    mutating func members(_ name: String) throws(FormatError) -> [Member] {
        var members: [Member] = []
        for inner in SkopsEstimator.flatten(try node.require(name)) { members.append(try member(inner)) }
        if members.isEmpty { throw .missingPart("\(part).\(name)") }
        return members
    }

    /// Probabilities of the classes where it has such, else what it predicts; margins of a classifier
    /// without probabilities.
    mutating func values(_ member: Member) throws(FormatError) -> Int {
        try add(.model(member.graph, .values), member.input)
    }

    /// What scikit-learn calls the decision function; nil where the estimator has none.
    mutating func decision(_ member: Member) throws(FormatError) -> Int? {
        let output = member.graph.output
        guard member.labels != nil, output.transform != .probability else { return nil }
        var estimator = member.node
        while estimator.className == "Pipeline", let last = try SkopsImporter.steps(estimator).last {
            estimator = last
        }
        switch estimator.className {
        case "MLPClassifier", "GaussianNB", "BernoulliNB", "MultinomialNB", "ComplementNB",
            "KNeighborsClassifier", "VotingClassifier":
            return nil
        case "SVC", "NuSVC", "OneVsRestClassifier", "LogisticRegression", "SGDClassifier",
            "QuadraticDiscriminantAnalysis", "StackingClassifier", "AdaBoostClassifier":
            if output.transform == .identity && (member.labels?.count ?? 0) > 2
                || estimator.className == "QuadraticDiscriminantAnalysis"
                || ["StackingClassifier", "AdaBoostClassifier", "SVC", "NuSVC"].contains(estimator.className)
                    && (member.labels?.count ?? 0) > 2
            {
                throw refuse("the decision function of \(estimator.className)")
            }
        default: break
        }
        return try add(.model(member.graph, .margins), member.input)
    }

    /// The index of the class that it predicts.
    mutating func labelIndex(_ member: Member) throws(FormatError) -> Int {
        guard member.labels != nil else { throw refuse("\(member.node.className), which is no classifier,") }
        let values = try values(member)
        if program.widths[values] > 1 { return try add(.reduce(.firstLargest), values) }
        return try add(.combine(.above), values, try constant(0))
    }
}
