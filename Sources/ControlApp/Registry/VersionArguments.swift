// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `MODEL@VERSION`, and where its registry is.
struct VersionArguments: ParsableArguments {
    @Argument(help: ArgumentHelp("The version.", valueName: "model@version"))
    var version: String

    @OptionGroup var options: RegistryOptions

    /// Makes a change of the policy that is about the version, and prints what became of it.
    func apply(_ change: (ModelVersion) -> PolicyChange) throws {
        try report { () throws(ControlError) in
            let reference = try VersionReference(parsing: version)
            try options.apply(change(reference.version), to: reference.model)
        }
    }
}
