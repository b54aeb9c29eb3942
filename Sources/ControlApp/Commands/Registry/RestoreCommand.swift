// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// `modelctl restore MODEL@VERSION`
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Take back the retirement of a version.")

    @OptionGroup var target: VersionArguments

    func run() throws { try target.apply { .restore($0) } }
}
