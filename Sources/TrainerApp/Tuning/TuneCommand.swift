// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `modeltrain tune`: the options, nothing else; `TuneRun` does the work.
struct TuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Search the settings that do best.",
        discussion: """
            Each trial is measured on folds of the training rows; the rows for the test are not looked at. \
            What is given of the settings of train stays, the others are searched.

            Examples:
              modeltrain tune churn.csv --target churned --budget 10m --log c.jsonl --write-config churn.yaml
              modeltrain train churn.csv --config churn.yaml --registry models --name churn
            """)

    @OptionGroup(title: "Search") var tuning: TuneOptions
    @OptionGroup var train: TrainCommand

    mutating func validate() throws {
        guard tuning.trials != nil || tuning.budget != nil else {
            throw ValidationError("--trials or --budget says how long to search.")
        }
        if let option = train.results.modelOption ?? (train.evaluation.isWanted ? "an evaluation" : nil) {
            throw ValidationError(
                "tune makes no model, so \(option) goes with auto, or with train --config and what "
                    + "--write-config wrote.")
        }
        try TuneCommand.check(train)
    }

    static func check(_ train: TrainCommand) throws {
        guard train.target != nil else { throw ValidationError("--target names the column to predict.") }
        guard train.algorithm.algorithm == nil else {
            throw ValidationError("--algorithms names what to try, not --algorithm.")
        }
        guard train.continuation.continueFrom == nil, train.continuation.checkpoint == nil else {
            throw ValidationError("--continue-from and --checkpoint go with train.")
        }
    }
}

/// `modeltrain auto`: searches, then trains with the best.
struct AutoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auto",
        abstract: "Find a good model by itself.",
        discussion: """
            Searches algorithms and their settings for as long as --budget says, trains with the best on all \
            training rows, measures that on the rows for the test, and writes a configuration file by which \
            train gives the same model again.

            Example:
              modeltrain auto churn.csv --target churned --budget 5m --registry models --name churn
            """)

    @OptionGroup(title: "Search") var tuning: TuneOptions
    @OptionGroup var train: TrainCommand

    /// Where the settings go when nobody says.
    static let configurationPath = "auto.yaml"

    mutating func validate() throws {
        try TuneCommand.check(train)
    }
}
