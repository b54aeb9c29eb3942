// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl shadow MODEL TARGET`
struct ShadowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shadow",
        abstract: "Have a version answer copies of requests, to be compared and counted.",
        discussion: "Without a version or an alias, the shadow ends.")

    @Argument(help: ArgumentHelp("The model.", valueName: "model"))
    var model: String

    @Argument(help: ArgumentHelp("A version or an alias.", valueName: "target"))
    var target: String?

    @Option(help: ArgumentHelp("Of the requests, above 0 to 100.", valueName: "number"))
    var percent: Double = 100

    @OptionGroup var options: RegistryOptions

    func validate() throws {
        guard percent > 0, percent <= 100 else {
            throw ValidationError("--percent must be above 0 and at most 100")
        }
        if let target, VersionTarget(target) == nil {
            throw ValidationError("'\(target)' is neither a version nor an alias")
        }
    }

    func run() throws {
        try report { () throws(ControlError) in
            let shadow = target.flatMap { VersionTarget($0) }.map { ModelPolicy.Shadow($0, percent: percent) }
            try options.apply(.shadow(shadow), to: model)
        }
    }
}
