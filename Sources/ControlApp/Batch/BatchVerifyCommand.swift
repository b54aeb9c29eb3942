// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `modelctl batch verify`: are all shards there, whole, and of one run?
struct BatchVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that all shards of a run are there and whole. Exits with 1 when not.")

    @OptionGroup var options: BatchShardOptions

    func run() throws {
        let set = try options.soundSet()
        Console.output("\(options.shards) shards, \(set.records) records, \(set.errors) bad\n")
    }
}
