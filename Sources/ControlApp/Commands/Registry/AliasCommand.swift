// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl alias MODEL@VERSION NAME`, `modelctl alias MODEL NAME --remove`
struct AliasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias", abstract: "Give a version a name, or take the name away.")

    @Argument(help: ArgumentHelp("The version, or with --remove the model.", valueName: "model[@version]"))
    var target: String

    @Argument(help: ArgumentHelp("The alias, for instance champion.", valueName: "name"))
    var name: String

    @Flag(help: "Take the alias away.")
    var remove = false

    @OptionGroup var options: RegistryOptions

    func validate() throws {
        guard AliasName.isValid(name) else {
            throw ValidationError("'\(name)' is no alias: \(AliasName.rule)")
        }
    }

    func run() throws {
        try report { () throws(ControlError) in
            let reference = try ModelReference(parsing: target)
            let version = remove ? nil : try VersionReference(parsing: target).version
            try options.apply(.alias(name, version), to: reference.name)
        }
    }
}
