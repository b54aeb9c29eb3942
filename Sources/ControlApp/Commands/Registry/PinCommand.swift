// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl pin MODEL@VERSION`
struct PinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Let a version answer until somebody says otherwise, whatever is published.",
        discussion: """
            Until modelctl unpin.
            """)

    @Argument(help: ArgumentHelp("The version.", valueName: "model@version"))
    var version: String

    @OptionGroup var options: RegistryOptions

    func run() throws {
        try report { () throws(ControlError) in
            let reference = try VersionReference(parsing: version)
            try options.apply(.pin(reference.version), to: reference.model)
        }
    }
}
