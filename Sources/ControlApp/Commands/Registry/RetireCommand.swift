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

    @OptionGroup var target: VersionArguments

    func run() throws { try target.apply { .retire($0) } }
}
