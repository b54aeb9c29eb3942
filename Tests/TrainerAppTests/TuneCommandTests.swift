// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestKit
import Testing

@testable import TrainerApp

@Suite struct TuneCommandTests {
    private let cancer = Fixtures.path("data/breast_cancer.csv")
    private let diabetes = Fixtures.path("data/diabetes.csv")

    private func tune(_ command: String, _ data: String, _ more: [String]) -> [String] {
        [
            command, data, "--target", "target", "--split-column", "split", "--progress", "json",
            "--algorithms",
            "linear,gbdt", "--rounds", "15",
        ] + more
    }

    private func lines(_ path: String) throws -> [String] {
        String(decoding: try Fixtures.contents(ofFile: path), as: UTF8.self).split(separator: "\n").map(
            String.init)
    }

    /// The trials of a log by number, without what the clock says.
    private func trials(_ path: String) throws -> [String] {
        try lines(path).dropFirst().map { line in
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let number = try #require(object["trial"] as? Int)
            return
                "\(number + 100) \(object["algorithm"] ?? "") \(object["values"] ?? "") "
                + "\(object["loss"] ?? "")"
        }.sorted()
    }

    @Test func theBestSettings_areWrittenForTrain() throws {
        try TemporaryDirectory.with { directory in
            let (yaml, log) = (directory.path("best.yaml"), directory.path("log.jsonl"))
            let command = try Command.run(
                tune("tune", diabetes, ["--trials", "10", "--log", log, "--write-config", yaml]))
            try #require(command.status == 0, "\(command.errors)")
            #expect(try command.events("trial").count == 10)
            let leaders = try command.events("leader")
            #expect(leaders.count == 10)
            let losses = leaders.compactMap { $0["rmse"] as? Double }
            #expect(losses == losses.sorted())
            #expect(leaders.allSatisfy { ($0["latency_microseconds"] as? Double ?? 0) > 0 })
            #expect(try trials(log).count == 10)
            let again = try Command.run(["train", diabetes, "--config", yaml, "--progress", "json"])
            #expect(again.status == 0, "\(again.errors)")
            #expect(try again.events("split").first?["train"] as? Int == 331)
            // What is in the log is not tried again.
            let more = try Command.run(tune("tune", diabetes, ["--trials", "12", "--log", log]))
            #expect(try more.events("trial").count == 2, "\(more.errors)")
            let other = try Command.run(tune("tune", cancer, ["--trials", "12", "--log", log]))
            #expect(other.status == 2)
        }
    }

    @Test func auto_givesAModel_andTheFileThatGivesItAgain() throws {
        try TemporaryDirectory.with { directory in
            let yaml = directory.path("auto.yaml")
            let (first, second) = (directory.path("first.safetensors"), directory.path("second.safetensors"))
            let command = try Command.run(
                tune("auto", diabetes, ["--trials", "6", "--write-config", yaml, "--output", first]))
            try #require(command.status == 0, "\(command.errors)")
            let summary = try #require(try command.events("summary").last)
            #expect(((summary["metrics"] as? [String: [String: Double]])?["test"]?["rmse"] ?? 99) < 62)
            let again = try Command.run(["train", diabetes, "--config", yaml, "--output", second])
            try #require(again.status == 0, "\(again.errors)")
            #expect(try Command.graph(first) == Command.graph(second))
        }
    }

    /// A setting of one of the algorithms is not in the file when another one is the best.
    @Test func settingsOfOthers_areNotWritten() throws {
        try TemporaryDirectory.with { directory in
            let yaml = directory.path("best.yaml")
            let command = try Command.run(
                tune("auto", diabetes, ["--max-leaves", "2", "--trials", "2", "--write-config", yaml]))
            try #require(command.status == 0, "\(command.errors)")
            let text = try lines(yaml)
            #expect(text.contains("algorithm: linear"))
            #expect(!text.contains { $0.hasPrefix("max_leaves") || $0.hasPrefix("rounds") }, "\(text)")
            let again = try Command.run(["train", diabetes, "--config", yaml])
            #expect(again.status == 0, "\(again.errors)")
        }
    }

    @Test func aSearchThatWasKilled_goesOnFromItsLog() throws {
        try TemporaryDirectory.with { directory in
            let (whole, log) = (directory.path("whole.jsonl"), directory.path("log.jsonl"))
            let arguments = ["--trials", "16", "--jobs", "2"]
            #expect(try Command.run(tune("tune", diabetes, arguments + ["--log", whole])).status == 0)
            _ = try Command.run(
                tune("tune", diabetes, arguments + ["--log", log]), until: "trial", count: 3, signal: SIGKILL)
            // As if the kill had come in the middle of a line.
            let handle = try #require(FileHandle(forWritingAtPath: log))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("{\"trial\":9".utf8))
            try handle.close()
            let resumed = try Command.run(tune("tune", diabetes, arguments + ["--log", log]))
            #expect(resumed.status == 0, "\(resumed.errors)")
            #expect(try resumed.events("trial").count <= 13)
            #expect(try trials(log) == trials(whole))
        }
    }

    @Test(arguments: [
        (["tune", "x.csv", "--target", "y"], "--budget"), (["tune", "x.csv", "--trials", "3"], "--target"),
        (["tune", "x.csv", "--target", "y", "--trials", "3", "--algorithm", "gbdt"], "--algorithms"),
        (["auto", "x.csv", "--target", "y", "--algorithms", "gbd"], "gbd"),
        (["tune", "x.csv", "--target", "y", "--trials", "3", "--output", "m"], "--output goes with auto"),
        (["tune", "x.csv", "--target", "y", "--trials", "3", "--folds", "3"], "auto"),
        (["auto", "x.csv", "--target", "y", "--budget", "-5m"], "budget"),
        (["auto", "x.csv", "--target", "y", "--trials", "0"], "--trials"),
    ])
    func wrongUsage_isNamed(arguments: [String], word: String) throws {
        let command = try Command.run(arguments)
        #expect(command.status == 2)
        #expect(command.errors.contains(word), "\(command.errors)")
    }

    @Test func givenArguments_areTakenApart() {
        let given = GivenArguments(["a.csv", "--target", "y", "--dart", "--seed=3", "--json", "--", "--b"])
        #expect(given.positionals == ["a.csv", "--b"])
        #expect(given.options.map(\.name) == ["target", "dart", "seed", "json"])
        #expect(given.options.map(\.value) == ["y", nil, "3", nil])
        #expect(
            given.without(["json"]).arguments == ["--target=y", "--dart", "--seed=3", "--", "a.csv", "--b"])
    }

    /// Those whose line of the help shows no value.
    @Test func everyFlagOfTrain_isKnownAsOne() throws {
        let lines = try Command.run(["train", "--help"]).output.split(separator: "\n")
        let flags = lines.filter { $0.hasPrefix("  --") }.compactMap { line -> String? in
            let words = line.split(separator: " ")
            return words.count > 1 && words[1].hasPrefix("<") ? nil : String(words[0].dropFirst(2))
        }
        #expect(flags.count > 3)
        #expect(Set(flags).subtracting(["version", "help"]) == GivenArguments.flags)
    }

    /// By the sections of the help.
    @Test(arguments: [
        ("SEARCH:", TuneOptions.names), ("RESULTS:", ResultOptions.names),
        ("EVALUATION:", EvaluationOptions.names),
    ])
    func everyOptionOfAGroup_isKnownByItsName(title: String, names: Set<String>) throws {
        let lines = try Command.run(["tune", "--help"]).output.split(
            separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: Substring(title)))
        let section = lines[(start + 1)...].prefix { $0.hasPrefix(" ") }
        let found = section.filter { $0.hasPrefix("  --") }.compactMap { $0.split(separator: " ").first }
        #expect(Set(found.map { String($0.dropFirst(2)) }) == names)
    }

    @Test func budgets_haveUnits() {
        #expect(TimeBudget(argument: "90s")?.seconds == 90 && TimeBudget(argument: "5m")?.seconds == 300)
        #expect(TimeBudget(argument: "2h")?.seconds == 7_200 && TimeBudget(argument: "7")?.seconds == 7)
        for text in ["", "m", "-1s", "0", "1d", "nan"] { #expect(TimeBudget(argument: text) == nil) }
    }
}
