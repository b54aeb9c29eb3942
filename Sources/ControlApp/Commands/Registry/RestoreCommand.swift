// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl restore MODEL@VERSION`
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Take back the retirement of a version.")

    @Argument(help: ArgumentHelp("The version.", valueName: "model@version"))
    var version: String

    @OptionGroup var options: RegistryOptions

    func run() throws {
        try report { () throws(ControlError) in
            let reference = try VersionReference(parsing: version)
            try options.apply(.restore(reference.version), to: reference.model)
        }
    }
}
