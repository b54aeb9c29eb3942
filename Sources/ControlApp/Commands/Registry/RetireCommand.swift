// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl retire MODEL@VERSION`
struct RetireCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire", abstract: "Have a version never loaded again; its files stay.",
        discussion: """
            Until modelctl restore.
            """)

    @Argument(help: ArgumentHelp("The version.", valueName: "model@version"))
    var version: String

    @OptionGroup var options: RegistryOptions

    func run() throws {
        try report { () throws(ControlError) in
            let reference = try VersionReference(parsing: version)
            try options.apply(.retire(reference.version), to: reference.model)
        }
    }
}
