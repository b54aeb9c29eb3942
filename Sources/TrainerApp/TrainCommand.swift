// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Registry
import Training

/// `modeltrain train`: the options, nothing else; `TrainingRun` does the work.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model on a CSV file.",
        discussion: """
            The columns' kinds are found out from the data: a column of numbers is numeric, any other \
            is categorical; empty cells, NA, NaN and null are missing. A target of text, of two values, \
            or of the whole numbers 0, 1, 2, … is classified; another is regressed on. The model is \
            measured on rows that it was not trained on, by the code that will serve it.

            Examples:
              modeltrain train churn.csv --target churned --registry models --name churn
              modeltrain train houses.csv --target price --ignore id --output houses.safetensors
            """)

    @Argument(help: ArgumentHelp("The CSV file, its first line naming the columns; - reads standard input."))
    var data: String

    @Option(help: ArgumentHelp("The column to predict.", valueName: "column"))
    var target: String

    @Option(
        help: ArgumentHelp(
            "auto tries both kinds on folds of the training rows and keeps the better. logistic and "
                + "linear are straight-line models, gbdt is gradient-boosted trees.",
            valueName: "auto|logistic|linear|gbdt"))
    var algorithm = AlgorithmChoice.auto

    @Option(help: "What is learned, when the data does not make it clear.")
    var task: Task?

    @OptionGroup(title: "Data") var table: TableOptions
    @OptionGroup(title: "Rows to measure on") var split: SplitOptions
    @OptionGroup(title: "Settings of the algorithms") var settings: SettingOptions
    @OptionGroup(title: "Results") var results: ResultOptions

    mutating func validate() throws {
        try table.validate()
        try split.validate()
        try results.validate()
    }

    func run() throws {
        do {
            try TrainingRun(self).run()
        } catch {
            Console.error("modeltrain: \(error.message)")
            throw ExitCode(error.status.rawValue)
        }
    }
}

enum AlgorithmChoice: String, CaseIterable, ExpressibleByArgument {
    case auto, logistic, linear, gbdt

    /// Nil leaves the choice to the data.
    var algorithm: Algorithm? { Algorithm(rawValue: rawValue) }
}

extension Task: ExpressibleByArgument {}

struct TableOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A column to leave out; may be given several times.", valueName: "column"))
    var ignore: [String] = []

    @Option(
        help: ArgumentHelp(
            "A column of numbers that are names; may be given several times.", valueName: "column"))
    var categorical: [String] = []

    @Option(help: ArgumentHelp("Most categories that a column may have.", valueName: "count"))
    var maxCategories = 1_000

    @Option(
        help: ArgumentHelp(
            "The character between two fields; \"tab\" for a tabulator.", valueName: "character"))
    var delimiter = ","

    @Option(
        help: ArgumentHelp(
            "A cell that stands for a missing value, besides the empty one; may be given several times. "
                + "Replaces NA, NaN and null.", valueName: "text"))
    var missing: [String] = []

    /// Nil when it cannot be one.
    var delimiterByte: UInt8? {
        if delimiter == "tab" { return 0x09 }
        guard delimiter.utf8.count == 1, let byte = delimiter.utf8.first else { return nil }
        return byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") || byte == 0x09 ? byte : nil
    }

    func validate() throws {
        guard delimiterByte != nil else {
            throw ValidationError("--delimiter must be one ASCII character other than a quote, or \"tab\".")
        }
        guard maxCategories >= 1 else { throw ValidationError("--max-categories must be 1 or more.") }
    }
}

struct SplitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A column that says train, test or validation for each row.", valueName: "column"))
    var splitColumn: String?

    @Option(
        help: ArgumentHelp(
            "Part of the rows to measure on, drawn by chance. (default: 0.25)", valueName: "part"))
    var testFraction: Double?

    @Option(
        help: ArgumentHelp(
            "Part of the rows that end the growing of trees when it no longer helps. (default: 0)",
            valueName: "part"))
    var validationFraction: Double?

    @Option(
        help: ArgumentHelp(
            "What chance starts from; the same seed gives the same model.", valueName: "number"))
    var seed: UInt64 = 7

    func validate() throws {
        if splitColumn != nil && (testFraction != nil || validationFraction != nil) {
            throw ValidationError(
                "--split-column says which rows are which; --test-fraction and --validation-fraction do "
                    + "not go with it.")
        }
    }

    var rule: Split.Rule {
        if let splitColumn { return .column(splitColumn) }
        return .random(
            testFraction: testFraction ?? 0.25, validationFraction: validationFraction ?? 0, seed: seed)
    }
}

struct SettingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Strength of the L2 penalty: on weights (alpha of a ridge regression, 1/C of a logistic "
                + "one) or on the values of leaves.", valueName: "number"))
    var l2 = 1.0

    @Option(help: ArgumentHelp("gbdt: rounds at most.", valueName: "count"))
    var rounds = BoostingSettings().rounds

    @Option(help: ArgumentHelp("gbdt: how far each tree goes.", valueName: "number"))
    var learningRate = BoostingSettings().learningRate

    @Option(help: ArgumentHelp("gbdt: leaves a tree at most.", valueName: "count"))
    var maxLeaves = BoostingSettings().leavesMax

    @Option(help: ArgumentHelp("gbdt: splits from the root to a leaf at most.", valueName: "count"))
    var maxDepth = BoostingSettings().depthMax

    @Option(help: ArgumentHelp("gbdt: least rows in a leaf.", valueName: "count"))
    var minLeafRows = BoostingSettings().leafRowsMin

    @Option(help: ArgumentHelp("gbdt: least sum of second derivatives in a leaf.", valueName: "number"))
    var minChildWeight = BoostingSettings().childWeightMin

    @Option(help: ArgumentHelp("gbdt: bins a feature at most.", valueName: "count"))
    var maxBins = BoostingSettings().binsMax

    @Option(
        help: ArgumentHelp(
            "gbdt: rounds without an improvement on the validation rows before it ends.", valueName: "count"))
    var patience = BoostingSettings().patience

    var linear: LinearTrainer.Settings {
        var settings = LinearTrainer.Settings()
        settings.l2 = l2
        return settings
    }

    var boosting: BoostingSettings {
        var settings = BoostingSettings()
        settings.l2 = l2
        settings.rounds = rounds
        settings.learningRate = learningRate
        settings.leavesMax = maxLeaves
        settings.depthMax = maxDepth
        settings.leafRowsMin = minLeafRows
        settings.childWeightMin = minChildWeight
        settings.binsMax = maxBins
        settings.patience = patience
        return settings
    }
}

enum ProgressStyle: String, CaseIterable, ExpressibleByArgument {
    case auto, bar, json, none
}

struct ResultOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The registry to publish into, with --name; it is created when absent.", valueName: "dir"))
    var registry: String?

    @Option(help: ArgumentHelp("The model's name in the registry and in URLs.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("A file to write the model to.", valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "A file to write the model's predictions for the test rows to, one JSON object a line.",
            valueName: "file"))
    var predictions: String?

    @Option(
        help: ArgumentHelp(
            "bar draws on the terminal, json prints an object a line; auto chooses by where the output goes.",
            valueName: "auto|bar|json|none"))
    var progress = ProgressStyle.auto

    func validate() throws {
        guard (registry == nil) == (name == nil) else {
            throw ValidationError(
                "--registry and --name go together: the model is published as <registry>/<name>.")
        }
        if let name, !ModelName.isValid(name) {
            throw ValidationError(
                "--name is \"\(name)\"; a model's name starts with a letter or digit and goes on with "
                    + "letters, digits, \".\", \"_\" and \"-\", at most 64 in all.")
        }
    }
}
