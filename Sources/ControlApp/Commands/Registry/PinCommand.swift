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

    @OptionGroup var target: VersionArguments

    func run() throws { try target.apply { .pin($0) } }
}
