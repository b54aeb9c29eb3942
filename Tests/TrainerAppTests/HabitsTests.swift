// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestKit
import Testing

@testable import TrainerApp

@Suite struct HabitsTests {
    private let cancer = Fixtures.path("data/breast_cancer.csv")

    @Test func aConfigurationFile_saysWhatOptionsSay() throws {
        let text =
            "max_depth: 6\nignore: [a, b]\nbatch_norm: true\nfolds: null\ntarget: \"-x\"\nquiet: false\n"
        let file = try ConfigurationFile(Array(text.utf8), path: "train.yaml")
        #expect(
            file.arguments == [
                "--max-depth=6", "--ignore=a", "--ignore=b", "--batch-norm", "--target=-x",
            ])
    }

    @Test(arguments: [
        ("a: {b: c}", "train.yaml:1:1"), ("- a", "train.yaml:1:1"), ("a: [[1]]", "train.yaml:1:1"),
        ("a: 1\na: 2", "train.yaml:2:1"),
    ])
    func aConfigurationThatCannotBe_isRefusedWithItsPlace(text: String, place: String) {
        let error = #expect(throws: AppError.self) {
            try ConfigurationFile(Array(text.utf8), path: "train.yaml")
        }
        #expect(error?.message.hasPrefix(place) == true, "\(error?.message ?? "")")
    }

    @Test func theCommandLine_winsOverTheFile() throws {
        try TemporaryDirectory.with { directory in
            let file = try directory.write(
                "target: nothing\nalgorithm: logistic\nsplit_column: split\n", to: "c.yaml")
            let command = try Command.run(
                ["train", cancer, "--target", "target", "--config", file, "--json", "--progress", "none"])
            try #require(command.status == 0, "\(command.errors)")
            let last = try #require(command.output.split(separator: "\n").last)
            let object = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]
            let summary = try #require(object)
            #expect(summary["event"] as? String == "summary")
            #expect(summary["algorithm"] as? String == "logistic")
            let metrics = try #require(summary["metrics"] as? [String: [String: Double]])
            #expect((metrics["test"]?["accuracy"] ?? 0) > 0.95)
            #expect(summary["published"] == nil)
        }
    }

    @Test func theExampleOfAConfiguration_works() throws {
        try TemporaryDirectory.with { directory in
            let command = try Command.run([
                "train", cancer, "--config", "\(Fixtures.repository)/config/train.yaml", "--ignore", "split",
                "--rounds", "5", "--report", "\(directory.path)/r.html", "--progress", "json",
            ])
            #expect(command.status == 0, "\(command.errors)")
            #expect(try command.events("summary").count == 1)
            #expect(try command.events("split").first?["validation"] as? Int == 57)
        }
    }

    @Test func anOptionThatIsNotKnown_isRefused() throws {
        try TemporaryDirectory.with { directory in
            let file = try directory.write("learning_rat: 1\n", to: "c.yaml")
            let command = try Command.run(["train", cancer, "--target", "target", "--config", file])
            #expect(command.status == 2)
            #expect(command.errors.contains("--learning-rat"))
        }
    }

    /// What would change nothing is refused, on the command line, in a file, and in a container alike.
    @Test(arguments: [
        (
            ["train", "--algorithm", "logistic", "--monotone", "x"],
            "--monotone is a setting of gbdt, not of logistic"
        ),
        (["train", "--algorithm", "gbdt", "--hidden=8"], "--hidden is a setting of mlp, not of gbdt"),
        (["train", "--algorithm", "mlp", "--checkpoint", "c", "--l2", "1"], "--l2 is a setting of logistic"),
        (["train", "--algorithm", "random_forest", "--dart"], "--dart is a setting of gbdt"),
        (
            ["train", "--trees", "9"],
            "random_forest, extra_trees and isolation_forest, not of logistic, linear or gbdt"
        ),
        (["train", "--task", "regression", "--trees", "9"], "not of linear or gbdt; leave it out"),
        (
            ["tune", "--trials", "1", "--algorithms", "gbdt,mlp", "--alpha", "1"],
            "lasso and elastic_net, not of gbdt or mlp"
        ),
        (["auto", "--clusters", "3"], "--clusters is a setting of kmeans, not of"),
    ])
    func aSettingOfAnotherAlgorithm_isRefused(arguments: [String], reason: String) throws {
        try TemporaryDirectory.with { directory in
            let given = [arguments[0], cancer, "--target", "target"]
            let command = try Command.run(given + arguments.dropFirst())
            #expect(command.status == 2)
            #expect(command.errors.contains(reason), "\(command.errors)")
            #expect(command.output.isEmpty)
        }
    }

    /// What says more about an option that is not there would change nothing, either.
    @Test(arguments: [
        (["train", "--goss-other", "0.2"], "--goss-other goes with --goss-top; leave it out, or give both"),
        (["train", "--dart-rate=0.2"], "--dart-rate goes with --dart;"),
        (["train", "--quantile", "0.9", "--loss", "huber"], "--quantile goes with --loss quantile;"),
        (["train", "--huber-delta", "2"], "--huber-delta goes with --loss huber;"),
        (["train", "--tweedie-power", "1.2"], "--tweedie-power goes with --loss tweedie;"),
        (["train", "--checkpoint-every", "5"], "--checkpoint-every goes with --checkpoint;"),
        (["train", "--interval-method", "quantiles"], "--interval-method goes with --interval;"),
        (
            ["train", "--bagging", "0.5", "--goss-top", "0.2"],
            "--bagging and --goss-top exclude each other; leave one of them out"
        ),
        (["tune", "--trials", "1", "--goss-other", "0.2"], "--goss-other goes with --goss-top;"),
        (["auto", "--dart-rate", "0.2"], "--dart-rate goes with --dart;"),
    ])
    func anOptionWithoutItsCompanion_isRefused(arguments: [String], reason: String) throws {
        let command = try Command.run(
            [arguments[0], cancer, "--target", "target"] + arguments.dropFirst())
        #expect(command.status == 2)
        #expect(command.errors.contains(reason), "\(command.errors)")
        #expect(command.output.isEmpty)
    }

    @Test func companions_areTakenTogether() throws {
        let command = try Command.run([
            "train", cancer, "--target", "target", "--algorithm", "gbdt", "--rounds", "2", "--goss-top",
            "0.2",
            "--goss-other", "0.1", "--dart", "--dart-rate", "0.2", "--progress", "json",
        ])
        #expect(command.status == 0, "\(command.errors)")
    }

    /// Rows with the largest gradients are drawn in place of any: a part of any is not varied then.
    @Test func aSearchWithGoss_writesAFileThatTrainTakes() throws {
        try TemporaryDirectory.with { directory in
            let yaml = directory.path("best.yaml")
            let command = try Command.run([
                "tune", cancer, "--target", "target", "--algorithms", "gbdt", "--rounds", "2", "--trials",
                "3",
                "--goss-top", "0.2", "--write-config", yaml, "--progress", "json",
            ])
            try #require(command.status == 0, "\(command.errors)")
            #expect(
                try command.events("trial").allSatisfy {
                    ($0["names"] as? [String])?.contains("bagging") == false
                })
            let trained = try Command.run(["train", cancer, "--config", yaml, "--progress", "json"])
            #expect(trained.status == 0, "\(trained.errors)")
        }
    }

    /// `auto` says which algorithms are left for such a target, in place of the first that fails.
    @Test(arguments: ["auto", "gbdt", "random_forest", "mlp"])
    func aTargetBeyondFloat32_isRefusedWithWhatToDo(algorithm: String) throws {
        try TemporaryDirectory.with { directory in
            let rows = (1...60).map { "\($0 % 7),\($0 % 11),\(Double($0 % 7) * 1e39)" }
            let data = try directory.write((["a,b,y"] + rows).joined(separator: "\n"), to: "large.csv")
            let command = try Command.run(["train", data, "--target", "y", "--algorithm", algorithm])
            #expect(command.status == 1)
            #expect(command.errors.contains("the target \"y\" is "), "\(command.errors)")
            #expect(command.errors.contains("e+39 in a training row"), "\(command.errors)")
            #expect(command.errors.contains("--algorithm linear, lasso or elastic_net"), "\(command.errors)")
            let linear = try Command.run(["train", data, "--target", "y", "--algorithm", "linear"])
            #expect(linear.status == 0, "\(linear.errors)")
        }
    }

    @Test func aSettingOfAnotherAlgorithm_isRefusedInAFile() throws {
        try TemporaryDirectory.with { directory in
            let file = try directory.write(
                "target: target\nalgorithm: logistic\nmonotone: [x]\n", to: "c.yaml")
            let command = try Command.run(["train", cancer, "--config", file])
            #expect(command.status == 2)
            #expect(command.errors.contains("--monotone is a setting of gbdt, not of logistic"))
            let root = try container(
                directory, #"{"target": "target", "algorithm": "logistic", "max_depth": "2"}"#)
            let trained = try Command.run(["train"], environment: ["MODELTRAIN_SAGEMAKER_ROOT": root])
            #expect(trained.status == 2)
            let failure = try String(contentsOfFile: "\(root)/output/failure", encoding: .utf8)
            #expect(failure.contains("--max-depth is a setting of gbdt"))
        }
    }

    /// By the sections of the help; each has its takers.
    @Test func everySettingOfSomeAlgorithms_isKnownAsOne() throws {
        let lines = try Command.run(["train", "--help"]).output.split(separator: "\n")
        var found: Set<String> = []
        var isSetting = false
        for line in lines {
            if !line.hasPrefix(" ") { isSetting = line.hasPrefix("SETTINGS OF ") }
            if isSetting, line.hasPrefix("  --"), let name = line.split(separator: " ").first {
                found.insert(String(name.dropFirst(2)))
            }
        }
        #expect(found.count > 40)
        let known = AlgorithmSettings.takers.flatMap(\.options)
        #expect(found.union(["checkpoint"]) == Set(known))
        #expect(known.count == Set(known).count)
    }

    /// The layout of a training container: hyperparameters are strings.
    private func container(_ directory: TemporaryDirectory, _ parameters: String) throws -> String {
        let root = "\(directory.path)/ml"
        let manager = FileManager.default
        for folder in ["input/config", "input/data/training"] {
            try manager.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        try parameters.write(
            toFile: "\(root)/input/config/hyperparameters.json", atomically: true, encoding: .utf8)
        try manager.copyItem(atPath: cancer, toPath: "\(root)/input/data/training/data.csv")
        return root
    }

    @Test func aTrainingContainer_findsItsDataAndLeavesItsModel() throws {
        try TemporaryDirectory.with { directory in
            let root = try container(
                directory,
                #"{"target": "target", "split_column": "split", "algorithm": "logistic", "l2": "2"}"#)
            let command = try Command.run(["train"], environment: ["MODELTRAIN_SAGEMAKER_ROOT": root])
            try #require(command.status == 0, "\(command.errors)")
            for file in ["model/model.safetensors", "output/data/report.html", "output/data/evaluation.json"]
            {
                #expect(FileManager.default.fileExists(atPath: "\(root)/\(file)"), "\(file)")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(root)/output/failure"))
        }
    }

    @Test func aTrainingContainerThatFails_saysWhy() throws {
        try TemporaryDirectory.with { directory in
            let root = try container(directory, #"{"target": "nothing"}"#)
            let command = try Command.run(["train"], environment: ["MODELTRAIN_SAGEMAKER_ROOT": root])
            #expect(command.status == 2)
            let failure = try String(contentsOfFile: "\(root)/output/failure", encoding: .utf8)
            #expect(failure.contains("no column \"nothing\""))
            #expect(!FileManager.default.fileExists(atPath: "\(root)/model/model.safetensors"))
        }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func anInterruption_keepsNothingUnfinished(number: Int32) throws {
        try TemporaryDirectory.with { directory in
            let registry = "\(directory.path)/models"
            let process = Command.process([
                "train", cancer, "--target", "target", "--algorithm", "gbdt", "--rounds", "100000",
                "--progress", "json", "--registry", registry, "--name", "m",
            ])
            let output = Pipe()
            process.standardOutput = output
            let errors = Pipe()
            process.standardError = errors
            try process.run()
            // The first line is there once the data has been read: the signal is being watched by then.
            _ = output.fileHandleForReading.availableData
            kill(process.processIdentifier, number)
            process.waitUntilExit()
            #expect(process.terminationStatus == 75)
            let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(said.contains("interrupted"))
            #expect(!FileManager.default.fileExists(atPath: "\(registry)/m/1"))
        }
    }

    @Test(arguments: [
        (0.4, "1 s"), (12.6, "13 s"), (59.7, "1 min"), (150, "3 min"), (7_300, "2 h 2 min"),
        (3_570, "60 min"),
    ])
    func durations_areRound(seconds: Double, expected: String) {
        #expect(duration(seconds) == expected)
    }
}
