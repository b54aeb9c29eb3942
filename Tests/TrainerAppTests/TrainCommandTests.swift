// SPDX-License-Identifier: Apache-2.0
import Foundation
import Inference
import ModelFormat
import Tabular
import TestKit
import Testing

@testable import TrainerApp

@Suite struct TrainCommandTests {
    private let cancer = Fixtures.path("data/breast_cancer.csv")

    /// Six columns of the daily life of a CSV file: numbers, gaps, categories, a class of text.
    private func people() -> String {
        var text = "age,height,colour,answer\n"
        for row in 0..<120 {
            let age = row % 13 == 0 ? "" : "\(20 + row * 7 % 50)"
            let colour = row % 11 == 0 ? "NA" : ["red", "\"light, blue\"", "green"][row % 3]
            text += "\(age),\(150 + row * 13 % 40).5,\(colour),\(row * 7 % 50 > 25 ? "yes" : "no")\n"
        }
        return text
    }

    @Test(arguments: ["gbdt", "logistic"])
    func aModel_isTrainedMeasuredAndPublished(algorithm: String) throws {
        try TemporaryDirectory.with { directory in
            let arguments = [
                "train", cancer, "--target", "target", "--split-column", "split", "--algorithm", algorithm,
                "--registry", directory.path("a/registry"), "--name", "cancer", "--predictions",
                directory.path("rows.jsonl"), "--output", directory.path("own.safetensors"),
            ]
            for version in 1...2 {
                let command = try Command.run(arguments)
                #expect(command.status == 0, "\(command.errors)")
                #expect(command.errors.isEmpty)
                let published = try #require(try command.events("published").first)
                #expect(published["version"] as? Int == version)
                let test = try #require(try command.events("metrics").last)
                #expect(test["part"] as? String == "test")
                #expect(try #require(test["accuracy"] as? Double) > 0.95)
                for event in ["data", "schema", "split", "progress", "written"] {
                    #expect(try !command.events(event).isEmpty, "\(event)")
                }
            }
            #expect(
                try Fixtures.names(inDirectory: directory.path("a/registry/cancer"), withHidden: true) == [
                    "1", "2",
                ])
            let bytes = try Fixtures.contents(ofFile: directory.path("a/registry/cancer/2/model.safetensors"))
            let graph = try NativeModel.read(bytes.span)
            #expect(graph.lineage.facts["source.rows"] == "569")
            #expect(graph.lineage.facts["source.sha256"]?.count == 64)
            #expect(graph.lineage.facts["metric.accuracy"] != nil)
            #expect(try CompiledModel(graph).verify(graph.goldenSamples).isEmpty)
            let lines = String(
                decoding: try Fixtures.contents(ofFile: directory.path("rows.jsonl")), as: UTF8.self)
            #expect(lines.split(separator: "\n").count == 143)
            #expect(lines.hasPrefix("{\"row\":0,\"predictions\":"))
        }
    }

    @Test func certaintyAndWeights_areOptions() throws {
        try TemporaryDirectory.with { directory in
            func graph(_ arguments: [String]) throws -> ModelGraph {
                let path = directory.path("m.safetensors")
                let command = try Command.run(["train"] + arguments + ["--output", path])
                try #require(command.status == 0, "\(command.errors)")
                let bytes = try Fixtures.contents(ofFile: path)
                return try NativeModel.read(bytes.span)
            }
            let diabetes = Fixtures.path("data/diabetes.csv")
            let interval = try graph([
                diabetes, "--target", "target", "--split-column", "split", "--algorithm", "linear",
                "--interval",
                "0.8",
            ])
            #expect(interval.output.interval?.level == 0.8)
            let cancer = [cancer, "--target", "target", "--split-column", "split", "--algorithm", "gbdt"]
            #expect(try graph(cancer + ["--calibrate", "isotonic"]).output.calibration != nil)
            #expect(try graph(cancer + ["--calibrate", "temperature"]).output.divisor != 1)
            let balanced = try graph(cancer + ["--class-weight", "balanced"])
            #expect(balanced.lineage.facts["setting.class_weight"] == "balanced")
            #expect(try balanced.estimator != graph(cancer).estimator)
            let given = try graph(cancer + ["--class-weight", "0=2", "--class-weight", "1=0.5"])
            #expect(given.lineage.facts["setting.class_weight"] == "0=2.0, 1=0.5")
            let weighed = try graph([
                try positiveAges(directory), "--target", "target", "--split-column", "split", "--algorithm",
                "linear", "--weight-column", "age",
            ])
            #expect(weighed.lineage.facts["weight_column"] == "age")
            #expect(!weighed.schema.features.contains { $0.name == "age" })
            for wrong in [["--class-weight", "0"], ["--class-weight", "balanced", "--class-weight", "0=1"]] {
                #expect(try Command.run(["train"] + cancer + wrong).status == 2)
            }
            #expect(try Command.run(["train"] + cancer + ["--interval", "0.9"]).status == 2)
        }
    }

    /// The diabetes data with ages that can be weights.
    private func positiveAges(_ directory: TemporaryDirectory) throws -> String {
        let text = String(
            decoding: try Fixtures.contents(ofFile: Fixtures.path("data/diabetes.csv")), as: UTF8.self)
        var lines = text.split(separator: "\n").map(String.init)
        let column = try #require(lines[0].split(separator: ",").firstIndex(of: "age"))
        for row in lines.indices.dropFirst() {
            var cells = lines[row].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            cells[column] = "\(row % 5)"
            lines[row] = cells.joined(separator: ",")
        }
        return try directory.write(lines.joined(separator: "\n") + "\n", to: "weights.csv")
    }

    @Test func everydayData_isLearnedFrom_withoutAnyOptionButTheTarget() throws {
        try TemporaryDirectory.with { directory in
            let data = try directory.write(people(), to: "people.csv")
            let command = try Command.run(["train", data, "--target", "answer"])
            #expect(command.status == 0, "\(command.errors)")
            let schema = try #require(try command.events("schema").first)
            #expect(schema["classes"] as? [String] == ["no", "yes"])
            #expect(schema["numeric"] as? Int == 2)
            #expect(schema["categorical"] as? Int == 1)
            #expect(try command.events("candidate").count == 2)
        }
    }

    @Test func people_readATableAndACommandToTry() throws {
        try TemporaryDirectory.with { directory in
            let data = try directory.write(people(), to: "people.csv")
            let command = try Command.run([
                "train", data, "--target", "answer", "--algorithm", "gbdt", "--rounds", "5", "--progress",
                "bar",
                "--registry", directory.path("r"), "--name", "people",
            ])
            #expect(command.status == 0, "\(command.errors)")
            #expect(command.output.contains("accuracy"))
            #expect(command.output.contains("published  \(directory.path("r/people/1"))"))
            #expect(
                command.output.contains(
                    "curl -s http://127.0.0.1:8080/v1/models/people:predict -d '{\"instances\":[{"))
            #expect(command.output.contains("\r"))
        }
    }

    @Test(arguments: [
        (["train"], Int32(2), "--target"),
        (
            ["train", "DATA", "--target", "nope"], 2,
            "no column \"nope\" to be the target; it has age, height"
        ),
        (["train", "DATA", "--target", "answer", "--ignore", "nope"], 2, "no column \"nope\""),
        (["train", "DATA", "--target", "answer", "--algorithm", "linear"], 2, "use logistic or gbdt"),
        (
            ["train", "DATA", "--target", "answer", "--algorithm", "gbdt", "--rounds", "0"], 2,
            "--rounds is 0"
        ),
        (["train", "DATA", "--target", "answer", "--registry", "r"], 2, "go together"),
        (["train", "DATA", "--target", "answer", "--registry", "r", "--name", "../x"], 2, "--name is"),
        (["train", "DATA", "--target", "answer", "--delimiter", "ab"], 2, "--delimiter"),
        (
            ["train", "DATA", "--target", "answer", "--split-column", "colour"], 1,
            "train, validation or test"
        ),
        (["train", "DATA", "--target", "colour"], 1, "missing in 11 rows"),
        (["train", "DATA", "--target", "answer", "--task", "regression"], 1, "has text"),
        (["train", "BROKEN", "--target", "b"], 1, "line 3: 1 field where the header has 2"),
        (["train", "/nonexistent.csv", "--target", "b"], 1, "/nonexistent.csv: No such file or directory"),
        (
            ["train", "DATA", "--target", "answer", "--rounds", "1", "--output", "/nonexistent/m"], 1,
            "/nonexistent"
        ),
        (["train", "DATA", "--target", "answer", "--registry", "/proc/r", "--name", "m"], 1, "/proc/r"),
    ])
    func whatCannotBeDone_isSaidInOneLine(arguments: [String], status: Int32, message: String) throws {
        try TemporaryDirectory.with { directory in
            let data = try directory.write(people(), to: "people.csv")
            let broken = try directory.write("a,b\n1,2\n3\n", to: "broken.csv")
            let command = try Command.run(
                arguments.map { $0 == "DATA" ? data : $0 == "BROKEN" ? broken : $0 })
            #expect(command.status == status, "\(command.errors)")
            #expect(command.errors.contains(message), "\(command.errors)")
            // The argument parser adds its usage; our own errors are one line.
            if status != 2 { #expect(command.errors.split(separator: "\n").count == 1) }
        }
    }

    @Test func theSameCommand_givesTheSameFile() throws {
        try TemporaryDirectory.with { directory in
            let data = try directory.write(people(), to: "people.csv")
            var files: [[UInt8]] = []
            for name in ["a", "b"] {
                let path = directory.path(name)
                let command = try Command.run(["train", data, "--target", "answer", "--output", path])
                #expect(command.status == 0, "\(command.errors)")
                files.append(try Fixtures.contents(ofFile: path))
            }
            #expect(files[0] == files[1])
        }
    }

    @Test func whatIsPublished_saysWhatItIs() throws {
        try TemporaryDirectory.with { directory in
            let data = try directory.write(people(), to: "people.csv")
            let key = "\(Fixtures.repository)/Tests/Fixtures/signing/p256.pem"
            let command = try Command.run([
                "train", data, "--target", "answer", "--algorithm", "gbdt", "--rounds", "5", "--registry",
                directory.path("r"), "--name", "people", "--sign-key", key, "--card",
                directory.path("card.md"),
            ])
            #expect(command.status == 0, "\(command.errors)")
            let version = directory.path("r/people/1")
            let names = try FileManager.default.contentsOfDirectory(atPath: version).sorted()
            #expect(names == ["card.md", "manifest.json", "model.safetensors", "model.sig"])
            let card = try text(version + "/card.md")
            let copy = try text(directory.path("card.md"))
            #expect(card == copy)
            let parts = [
                "# people", "the 2 classes of `answer` (`no`, `yes`)", "| `roc_auc` | ",
                "| height | numeric | ", "| colour | categorical | ", "- rounds: 5", "- peak_memory_bytes: ",
                "- SHA-256: ",
            ]
            let absent = parts.filter { !card.contains($0) }
            #expect(absent.isEmpty, "\(card)")
            let manifest = try JSONSerialization.jsonObject(
                with: Data(try text(version + "/manifest.json").utf8))
            let facts = (manifest as? [String: Any])?["facts"] as? [String: String] ?? [:]
            #expect(facts["schema.age"] == "numeric" && facts["schema.colour"] == "categorical")
            #expect(facts["source.sha256"]?.count == 64 && facts["setting.rounds"] == "5")
            #expect(facts["run.created"]?.hasSuffix("Z") == true)
            let seconds = Double(facts["run.cpu_seconds"] ?? "") ?? 0
            let memory = Int(facts["run.peak_memory_bytes"] ?? "") ?? 0
            #expect(seconds > 0 && memory > 1 << 20)
            let bytes = try Fixtures.contents(ofFile: version + "/model.safetensors")
            let graph = try NativeModel.read(bytes.span)
            let ofTheRun = graph.lineage.facts.keys.filter { $0 == "created" || $0.hasPrefix("run.") }
            #expect(ofTheRun.isEmpty)
            let age = try #require(graph.statistics?.features.first)
            #expect(age.quantiles.count == 21)
            #expect(age.quantiles.first == age.minimum && age.quantiles.last == age.maximum)
        }
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Fixtures.contents(ofFile: path), as: UTF8.self)
    }

    @Test func aKeyThatCannotSign_isRefusedBeforeTheWork() throws {
        try TemporaryDirectory.with { directory in
            let data = try directory.write(people(), to: "people.csv")
            let command = try Command.run([
                "train", data, "--target", "answer", "--registry", directory.path("r"), "--name", "people",
                "--sign-key", data,
            ])
            #expect(command.status == 1 && command.output.isEmpty)
            #expect(command.errors.contains("people.csv cannot sign"))
            #expect(!FileManager.default.fileExists(atPath: directory.path("r")))
        }
    }

    @Test func aModel_isCompressedOnTheCommandLine() throws {
        try TemporaryDirectory.with { directory in
            let data = try directory.write(people(), to: "people.csv")
            let (model, small) = (directory.path("m.safetensors"), directory.path("s.safetensors"))
            let trained = try Command.run([
                "train", data, "--target", "answer", "--algorithm", "gbdt", "--output", model,
            ])
            #expect(trained.status == 0, "\(trained.errors)")
            let command = try Command.run(["compress", model, data, "--output", small, "--max-loss", "0.1"])
            #expect(command.status == 0, "\(command.errors)")
            let steps = try command.events("step").map { $0["step"] as? String }
            #expect(
                steps == [
                    "original", "narrow", "late_trees", "splits", "leaves float16", "thresholds float16",
                ])
            let summary = try #require(try command.events("summary").first)
            let bytes = try Fixtures.contents(ofFile: small)
            let whole = try Fixtures.contents(ofFile: model)
            #expect(summary["bytes"] as? Int == bytes.count)
            #expect(bytes.count < whole.count)
            let graph = try NativeModel.read(bytes.span)
            #expect(graph.lineage.facts["compression.of"]?.count == 64)
            // One step too costly: nothing is written.
            let refused = try Command.run([
                "compress", model, data, "--output", directory.path("no"), "--weights", "int8",
            ])
            #expect(refused.status == 1 && refused.errors.contains("weights int8 does not apply to it"))
            #expect(!FileManager.default.fileExists(atPath: directory.path("no")))
            let people = try Command.run([
                "compress", model, data, "--output", small, "--late-trees", "--progress", "bar",
            ])
            #expect(people.output.contains("late_trees") && people.output.contains("µs a row"))
        }
    }

    @Test(arguments: [
        (0.0, "0.0000"), (0.97902, "0.9790"), (54.3205, "54.321"), (-1.5, "-1.5000"), (1234.56, "1234.6"),
        (0.00012, "1.20e-4"), (0.99999, "1.0000"),
    ])
    func figures_haveTheDigitsThatCount(value: Double, text: String) {
        #expect(figure(value) == text)
    }
}
