// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl promote MODEL@VERSION`
struct PromoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Let a version answer the requests that name none.",
        discussion: """
            The version becomes what the default of the policy names: the alias, if it is one, else \
            the default itself. Shares of the traffic that are given by version numbers end.
            """)

    @OptionGroup var target: VersionArguments

    func run() throws { try target.apply { .promote($0) } }
}
