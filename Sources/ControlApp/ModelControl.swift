// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The command `modelctl`.
package struct ModelControl: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "modelctl",
        abstract:
            "Looks at models, asks for predictions, checks and signs model files, and changes registries.",
        discussion: """
            The server is taken from --server, then MODELCTL_SERVER, then the first address of \
            MODELD_LISTEN, then http://127.0.0.1:8080.

            Exit status: 0 done; 1 the answer is no (not ready, a check failed); 64 wrong usage; 65 the rows \
            cannot be used, or what was asked is refused; 66 a file cannot be read; 69 the server cannot be \
            reached or has a fault; 74 the disk refused, nothing was changed; 76 the answer is not what modeld \
            would say. modelctl batch has its own: 0, 1, 2 and 75.
            """,
        version: version,
        subcommands: [
            ListCommand.self, ShowCommand.self, PredictCommand.self, BatchCommand.self, VerifyCommand.self,
            SignCommand.self, ConvertCommand.self, HealthCommand.self, PublishCommand.self,
            PromoteCommand.self, RollBackCommand.self, PinCommand.self, UnpinCommand.self, AliasCommand.self,
            SplitCommand.self, ShadowCommand.self, RetireCommand.self, RestoreCommand.self,
            DeleteCommand.self, CollectCommand.self, PolicyCommand.self, DiffCommand.self, BenchCommand.self,
        ])

    package static let version = "0.1.0"

    package init() {}
}
