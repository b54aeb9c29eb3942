// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// Which shards a command is about: the output that they belong to, and how many there are.
struct BatchShardOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The output that was given to the shards.", valueName: "output"))
    var output: String

    @Option(help: ArgumentHelp("How many shards there are.", valueName: "n"))
    var shards: Int

    func validate() throws {
        guard (1...BatchShard.countMax).contains(shards) else {
            throw ValidationError("--shards must be from 1 to \(BatchShard.countMax)")
        }
    }

    /// All shards, each whole and of one run; else says what is wrong with them and exits with 1.
    func soundSet() throws -> BatchShardSet {
        let set = BatchShardSet(output, count: shards, readsAnswers: true)
        for problem in set.problems { Console.error("modelctl: \(TextTable.printable(problem))") }
        if !set.problems.isEmpty { throw ExitCode(1) }
        return set
    }
}
