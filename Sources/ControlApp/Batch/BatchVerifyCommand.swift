// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `modelctl batch verify`: are all shards there, whole, and of one run?
struct BatchVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that all shards of a run are there and whole. Exits with 1 when not.")

    @Argument(help: ArgumentHelp("The output that was given to the shards.", valueName: "output"))
    var output: String

    @Option(help: ArgumentHelp("How many shards there are.", valueName: "n"))
    var shards: Int

    func validate() throws {
        guard (1...BatchShard.countMax).contains(shards) else {
            throw ValidationError("--shards must be from 1 to \(BatchShard.countMax)")
        }
    }

    func run() throws {
        let set = BatchShardSet(output, count: shards, readsAnswers: true)
        for problem in set.problems { Console.error("modelctl: \(TextTable.printable(problem))") }
        if !set.problems.isEmpty { throw ExitCode(1) }
        Console.output("\(shards) shards, \(set.records) records, \(set.errors) bad\n")
    }
}
