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
            try options.apply(.unpin, to: model)
        }
    }
}
