// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// How a training begins where another one ended.
struct ContinuationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "gbdt: a model file of the same features and target; --rounds more are grown on this data.",
            valueName: "file"))
    var continueFrom: String?

    @Option(
        help: ArgumentHelp(
            "gbdt, mlp: a file to save the training to now and then, and when it is interrupted; gone once "
                + "the model is done.", valueName: "file"))
    var checkpoint: String?

    @Option(help: ArgumentHelp("With --checkpoint: seconds between two savings.", valueName: "seconds"))
    var checkpointEvery = 60.0

    @Flag(help: "Go on from --checkpoint when it is there, with the same data and options.")
    var resume = false

    func validate() throws {
        guard checkpointEvery >= 0 else { throw ValidationError("--checkpoint-every must be 0 or more.") }
        guard !resume || checkpoint != nil else { throw ValidationError("--resume goes with --checkpoint.") }
    }
}
