// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Training

/// `modeltrain train`: the options, nothing else; `TrainingRun` does the work.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model on a table.",
        discussion: """
            The columns' kinds are found out from the data: a column of numbers is numeric, any other \
            is categorical; empty cells, NA, NaN and null are missing. A target of text, of two values, \
            or of the whole numbers 0, 1, 2, … is classified; another is regressed on. The model is \
            measured on rows that it was not trained on, by the code that will serve it.

            Examples:
              modeltrain train churn.csv --target churned --registry models --name churn
              modeltrain train houses.csv --target price --ignore id --output houses.safetensors
              modeltrain train houses.csv --config config/train.yaml

            --config FILE reads options from a YAML file under their own names (max_depth: 6); what the \
            command line says wins.
            """)

    @Argument(
        help: ArgumentHelp(
            "Files of CSV (the first line naming the columns), JSON Lines, either compressed by gzip, or Parquet; "
                + "patterns such as 'data/*.csv'; - reads standard input."))
    var data: [String] = []

    @Option(help: ArgumentHelp("The column to predict.", valueName: "column"))
    var target: String?

    @Option(
        help: ArgumentHelp(
            "auto tries \(AlgorithmChoice.candidates) on folds of the training rows and keeps the best. "
                + AlgorithmChoice.summaries + ".", valueName: "name"))
    var algorithm = AlgorithmChoice.auto

    @Option(help: "What is learned, when the data does not make it clear.")
    var task: Task?

    @OptionGroup(title: "Data") var table: TableOptions
    @OptionGroup(title: "Rows to measure on") var split: SplitOptions
    @OptionGroup(title: "Weights") var weights: WeightOptions
    @OptionGroup(title: "Settings of several algorithms") var shared: SharedOptions
    @OptionGroup(title: "Settings of linear models") var linear: LinearOptions
    @OptionGroup(title: "Settings of mlp") var neural: NeuralOptions
    @OptionGroup(title: "Settings of kmeans") var clustering: ClusteringOptions
    @OptionGroup(title: "Settings of gbdt") var boosting: BoostingOptions
    @OptionGroup(title: "Settings of forests") var forest: ForestOptions
    @OptionGroup(title: "Certainty") var uncertainty: UncertaintyOptions
    @OptionGroup(title: "Going on") var continuation: ContinuationOptions
    @OptionGroup(title: "Evaluation") var evaluation: EvaluationOptions
    @OptionGroup(title: "Results") var results: ResultOptions

    /// The learners as the user set them: one line for each kind.
    var learners: [any Learner] {
        linear.learners(shared)
            + [boosting.learner(shared, split: split)]
            + [neural.learner(shared)]
            + [clustering.learner]
            + forest.learners(seed: split.seed)
    }

    /// Whether the algorithm learns without a target.
    var isWithoutTarget: Bool { algorithm.algorithm.map { $0.tasks == [.clustering] } ?? false }

    mutating func validate() throws {
        if isWithoutTarget {
            guard target == nil else {
                throw ValidationError(
                    "\(algorithm.algorithm?.name ?? "") learns without a target; leave a column out with "
                        + "--ignore."
                )
            }
            guard !evaluation.isWanted else {
                throw ValidationError(
                    "without a target there is no truth to be measured against; leave reports and gates out.")
            }
        } else if target == nil {
            throw ValidationError("--target names the column to predict.")
        }
        try table.validate(data)
        try split.validate()
        try weights.validate()
        try results.validate()
        try continuation.validate()
        if evaluation.promoteIf != nil && results.registry == nil {
            throw ValidationError("--promote-if says when to publish; it goes with --registry and --name.")
        }
    }

    func run() throws {
        try TrainingRun(self).run()
    }
}
