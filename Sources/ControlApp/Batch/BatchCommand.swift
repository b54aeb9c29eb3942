// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `modelctl batch`: predictions for whole files, without a server or by one.
struct BatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Predict the rows of a whole file, without a server or by one.",
        discussion: """
            Exit status: 0 done; 1 done, but some records are bad; 2 it cannot work, however often it is \
            tried; 64 wrong usage; 75 something failed that may pass (try again).
            """,
        subcommands: [BatchRunCommand.self, BatchVerifyCommand.self, BatchMergeCommand.self],
        defaultSubcommand: BatchRunCommand.self)
}
