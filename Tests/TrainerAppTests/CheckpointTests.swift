// SPDX-License-Identifier: Apache-2.0
import Foundation
import ModelFormat
import TestKit
import Testing

@testable import TrainerApp

@Suite struct CheckpointTests {
    private let cancer = Fixtures.path("data/breast_cancer.csv")

    private func arguments(_ algorithm: String, _ directory: TemporaryDirectory, _ output: String) -> [String]
    {
        [
            "train", cancer, "--target", "target", "--split-column", "split", "--progress", "json",
            "--algorithm", algorithm, "--patience", "200", "--output", directory.path(output),
        ]
            + (algorithm == "gbdt"
                ? ["--rounds", "600", "--bagging", "0.7"] : ["--epochs", "200", "--hidden", "16"])
    }

    /// Ctrl-C keeps where it stood; a kill keeps where it last saved. Both go on to the same model.
    @Test(arguments: ["gbdt", "mlp"], [SIGINT, SIGKILL])
    func aTrainingThatWasStopped_goesOnToTheSameModel(algorithm: String, signal: Int32) throws {
        try TemporaryDirectory.with { directory in
            let whole = try Command.run(arguments(algorithm, directory, "whole"))
            try #require(whole.status == 0, "\(whole.errors)")
            let checkpoint = directory.path("saved")
            let own =
                arguments(algorithm, directory, "own")
                + [
                    "--checkpoint", checkpoint, "--resume", "--checkpoint-every",
                    signal == SIGKILL ? "0" : "60",
                ]
            // With a tenth of the steps done, some are saved.
            let stopped = try Command.run(own, until: "progress", count: 2, signal: signal)
            if signal == SIGINT {
                #expect(stopped.status == 75, "\(stopped.errors)")
                #expect(stopped.errors.contains("--resume"), "\(stopped.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: directory.path("own")))
            try #require(FileManager.default.fileExists(atPath: checkpoint))
            let other = try Command.run(own + ["--learning-rate", "0.05"])
            #expect(other.status == 2)
            let resumed = try Command.run(own)
            #expect(resumed.status == 0, "\(resumed.errors)")
            #expect(try #require(try resumed.events("resumed").first?["step"] as? Int) >= 1)
            let bytes = try Fixtures.contents(ofFile: directory.path("own"))
            #expect(try bytes == Fixtures.contents(ofFile: directory.path("whole")))
            #expect(!FileManager.default.fileExists(atPath: checkpoint))
        }
    }

    @Test func roundsAreAdded_toAModelOfLastWeek() throws {
        try TemporaryDirectory.with { directory in
            func train(_ rounds: Int, _ output: String, _ more: [String] = []) throws -> Command {
                try Command.run(
                    [
                        "train", cancer, "--target", "target", "--split-column", "split", "--algorithm",
                        "gbdt",
                        "--rounds", "\(rounds)", "--output", directory.path(output),
                    ] + more)
            }
            #expect(try train(20, "whole").status == 0)
            #expect(try train(8, "first").status == 0)
            let both = try train(12, "both", ["--continue-from", directory.path("first")])
            #expect(both.status == 0, "\(both.errors)")
            let (continued, whole) = (
                try Command.graph(directory.path("both")), try Command.graph(directory.path("whole"))
            )
            #expect(continued.estimator == whole.estimator)
            let none = try train(3, "none", ["--continue-from", directory.path("absent")])
            #expect(none.status == 1 && none.errors.contains("absent"))
            let other = try Command.run([
                "train", Fixtures.path("data/iris.csv"), "--target", "target", "--continue-from",
                directory.path("first"),
            ])
            #expect(other.status == 2 && other.errors.contains("column"), "\(other.errors)")
        }
    }
}
