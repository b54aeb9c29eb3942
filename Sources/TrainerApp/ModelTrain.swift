// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The command `modeltrain`.
package struct ModelTrain: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "modeltrain",
        abstract: "Trains models on tables and publishes them for modeld.",
        discussion: """
            Exit status: 0 done; 1 not good enough to be published; 64 wrong usage; 65 the data cannot be \
            used; 66 a file cannot be read; 73 a file cannot be written; 70 a defect of modeltrain.
            """,
        version: version,
        subcommands: [TrainCommand.self, PrepareCommand.self])

    package static let version = "0.1.0"

    package init() {}
}
