// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl unpin MODEL`
struct UnpinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Let the newest version answer again, or what model.yaml says.")

    @Argument(help: ArgumentHelp("The model.", valueName: "model"))
    var model: String

    @OptionGroup var options: RegistryOptions

    func run() throws {
        try report { () throws(ControlError) in
            let outcome = try options.place().apply(.unpin, model: model, reason: options.reason)
            Console.output(ChangePrinter.text(outcome, options.output))
        }
    }
}
