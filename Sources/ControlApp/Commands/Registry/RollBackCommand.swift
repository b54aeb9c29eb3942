// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl rollback MODEL`
struct RollBackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Take back the last decision about a model.",
        discussion: """
            What was decided before counts again; a second time goes further back. Where nobody has decided \
            anything, the version before the newest answers.
            """)

    @Argument(help: ArgumentHelp("The model.", valueName: "model"))
    var model: String

    @Option(help: ArgumentHelp("Back to this revision; modelctl policy lists them.", valueName: "revision"))
    var to: Int64?

    @OptionGroup var options: RegistryOptions

    func run() throws {
        try report { () throws(ControlError) in
            try options.apply(.rollBack(to: to), to: model)
        }
    }
}
