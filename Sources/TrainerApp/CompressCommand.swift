// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// `modeltrain compress`: the options, nothing else; `CompressionRun` does the work.
struct CompressCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compress",
        abstract: "Make a model smaller and faster, and say what that costs.",
        discussion: """
            Each step is measured on the rows of a table: the loss, the size of the file, the time a row takes. \
            Without steps named, those that change little are taken where the loss allows it; a step that is \
            named and raises the loss by more than --max-loss is refused, and nothing is written.

            Examples:
              modeltrain compress churn.safetensors held-out.csv --output small.safetensors
              modeltrain compress net.safetensors held-out.csv --weights int8 --max-loss 0.02 --output small.safetensors
            """)

    @Argument(help: ArgumentHelp("The model file, of any format that is read.", valueName: "model"))
    var model: String

    @Argument(
        help: ArgumentHelp(
            "The rows to measure on, as train reads them; best such that the model was not trained on.",
            valueName: "data"))
    var data: [String] = []

    @Option(help: ArgumentHelp("Where the compressed model goes.", valueName: "file"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "The column that the model predicts; what the model says, if it does.", valueName: "column"))
    var target: String?

    @Option(
        help: ArgumentHelp(
            "How much the loss (log loss, or root mean squared error) may grow, as a part of it.",
            valueName: "part"))
    var maxLoss = 0.01

    @Flag(help: "Drop trees from the end, as many as --max-loss allows.")
    var lateTrees = false

    @Flag(help: "Take the splits away that save least, as many as --max-loss allows.")
    var splits = false

    @Option(help: "What the trees' leaves are rounded to.")
    var leaves: TreeNumber?

    @Option(help: "What the trees' thresholds are rounded to.")
    var thresholds: TreeNumber?

    @Option(
        help: ArgumentHelp("The part of the weights that becomes 0, the smallest first.", valueName: "part"))
    var smallWeights: Double?

    @Option(help: "What the weights of linear models and networks are rounded to.")
    var weights: CompressionStep.WeightType?

    @OptionGroup(title: "Data") var table: TableOptions

    @Option(
        help: ArgumentHelp(
            "bar draws on the terminal, json prints an object a line; auto chooses by where the output goes.",
            valueName: "auto|bar|json|none"))
    var progress = ProgressStyle.auto

    @Flag(help: "End the output with a summary, one JSON object on the last line.")
    var json = false

    enum TreeNumber: String, CaseIterable, ExpressibleByArgument {
        case float16
    }

    /// In the order in which they are done.
    var steps: [CompressionStep] {
        var steps: [CompressionStep] = []
        if lateTrees { steps.append(.lateTrees) }
        if splits { steps.append(.splits) }
        if leaves != nil { steps.append(.leaves) }
        if thresholds != nil { steps.append(.thresholds) }
        if let smallWeights { steps.append(.smallWeights(part: smallWeights)) }
        if let weights { steps.append(.weights(weights)) }
        return steps
    }

    mutating func validate() throws {
        try table.validate(data)
        guard maxLoss >= 0, maxLoss.isFinite else { throw ValidationError("--max-loss must be 0 or more.") }
        guard 0...1 ~= (smallWeights ?? 0) else {
            throw ValidationError("--small-weights must be from 0 to 1.")
        }
    }

    func run() throws {
        try CompressionRun(self).run()
    }
}

extension CompressionStep.WeightType: ExpressibleByArgument {}
