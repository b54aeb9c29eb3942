// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl split MODEL champion=90 canary=10`
struct SplitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split", abstract: "Share a model's requests between versions.",
        discussion: """
            Weights are relative to their sum. Without any, the split ends, and the default answers all.
            """)

    @Argument(help: ArgumentHelp("The model.", valueName: "model"))
    var model: String

    @Argument(help: ArgumentHelp("A version or an alias, and its weight.", valueName: "target=weight"))
    var shares: [String] = []

    @OptionGroup var options: RegistryOptions

    func validate() throws { _ = try parsed() }

    func run() throws {
        let shares = try parsed()
        try report { () throws(ControlError) in
            try options.apply(.split(shares), to: model)
        }
    }

    private func parsed() throws -> [ModelPolicy.Share] {
        try shares.map { text in
            let parts = text.split(separator: "=", omittingEmptySubsequences: false).map { String($0) }
            guard parts.count == 2, let target = VersionTarget(parts[0]), let weight = Int(parts[1]),
                (0...1_000_000).contains(weight)
            else {
                throw ValidationError("'\(text)' is no share: write VERSION=WEIGHT, 0 to 1000000")
            }
            return ModelPolicy.Share(target, weight)
        }
    }
}
