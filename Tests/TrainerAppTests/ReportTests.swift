// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestKit
import Testing

@testable import TrainerApp

@Suite struct ReportTests {
    private func train(_ data: String, _ algorithm: String, _ directory: String, _ more: [String] = []) throws
        -> Command
    {
        try Command.run(
            [
                "train", "\(Fixtures.repository)/Tests/Fixtures/data/\(data).csv", "--target", "target",
                "--split-column", "split", "--algorithm", algorithm, "--progress", "json",
            ] + more)
    }

    @Test(arguments: [
        ("breast_cancer", "logistic", ["ROC", "Precision and recall", "Calibration", "Lift", "Confusion"]),
        ("wine", "gbdt", ["ROC", "Confusion", "Loss while learning"]),
        ("diabetes", "linear", ["True against predicted", "Errors by prediction", "Distribution of errors"]),
    ])
    func thePage_isWellFormedAndNeedsNothingElse(data: String, algorithm: String, figures: [String]) throws {
        try TemporaryDirectory.with { directory in
            let (page, document) = ("\(directory.path)/report.html", "\(directory.path)/report.json")
            let command = try train(
                data, algorithm, directory.path, ["--report", page, "--report-json", document])
            try #require(command.status == 0, "\(command.errors)")
            #expect(try command.events("report").compactMap { $0["path"] as? String } == [page, document])
            let html = try String(contentsOfFile: page, encoding: .utf8)
            for figure in figures + ["What it goes by", "All metrics", "The data"] {
                #expect(html.contains(figure), "\(figure)")
            }
            for outside in ["http:", "https:", "src=", "@import", "url("] { #expect(!html.contains(outside)) }
            #expect(unclosed(html).isEmpty, "\(unclosed(html))")
            #expect(!html.contains("nan") && !html.contains("inf\""))
            let parsed = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: document)))
            let members = try #require(parsed as? [String: Any])
            for member in ["task", "metrics", "intervals", "importances", "dependences", "profile", "slices"]
            {
                #expect(members[member] != nil, "\(member)")
            }
        }
    }

    /// Elements that are opened and not closed, or the other way round.
    private func unclosed(_ html: String) -> [String] {
        let void: Set = ["meta", "!doctype", "br"]
        var open: [String] = []
        var problems: [String] = []
        for part in html.split(separator: "<").dropFirst(html.hasPrefix("<") ? 0 : 1) {
            guard let end = part.firstIndex(of: ">") else { return ["<\(part)"] }
            let tag = part[..<end]
            let name = tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber || $0 == "!" }.lowercased()
            if tag.hasPrefix("/") {
                if open.popLast() != name { problems.append("</\(name)>") }
            } else if !tag.hasSuffix("/"), !void.contains(name) {
                open.append(name)
            }
        }
        return problems + open
    }

    @Test func namesFromTheData_areEscaped() throws {
        try TemporaryDirectory.with { directory in
            let file = "\(directory.path)/x.csv"
            var text = "<b>x</b>,\"y\"\"&\"\n"
            for row in 0..<60 { text += "\(row),\(row % 7 < 3 ? "<i>" : "&amp;")\n" }
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            let page = "\(directory.path)/report.html"
            let command = try Command.run(
                ["train", file, "--target", "y\"&", "--algorithm", "logistic", "--report", page])
            try #require(command.status == 0, "\(command.errors)")
            let html = try String(contentsOfFile: page, encoding: .utf8)
            #expect(
                !html.contains("<b>x</b>") && !html.contains("<i>&") && html.contains("&lt;b&gt;x&lt;/b&gt;"))
            #expect(unclosed(html).isEmpty)
        }
    }

    @Test func aGateThatDoesNotHold_publishesNothing() throws {
        try TemporaryDirectory.with { directory in
            let registry = "\(directory.path)/models"
            let publish = ["--registry", registry, "--name", "tumours"]
            let first = try train(
                "breast_cancer", "logistic", directory.path, publish + ["--promote-if", "better"])
            #expect(first.status == 0)
            #expect(try first.events("gate").map { $0["reason"] as? String } == ["no version is live"])
            let worse = try train(
                "breast_cancer", "gbdt", directory.path, publish + ["--promote-if", "log_loss<=live"])
            #expect(worse.status == 1)
            #expect(worse.errors.contains("not published"))
            #expect(try worse.events("published").isEmpty)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "\(registry)/tumours").sorted() == ["1"])
            let good = try train(
                "breast_cancer", "gbdt", directory.path, publish + ["--promote-if", "log_loss<=live+0.05"])
            #expect(good.status == 0)
            #expect(try good.events("published").map { $0["version"] as? Int } == [2])
        }
    }

    @Test func folds_areReported() throws {
        try TemporaryDirectory.with { directory in
            let command = try train("iris", "logistic", directory.path, ["--folds", "4"])
            let event = try #require(try command.events("cross_validation").first)
            #expect(event["folds"] as? Int == 4)
            #expect((event["accuracy"] as? Double ?? 0) > 0.9)
        }
    }

    @Test(arguments: [
        (0.0, "0"), (0.5, "0.5"), (1234567, "1.2M"), (12345, "12.3k"), (1234, "1234"), (-0.00012, "−0.0001"),
        (0.00001, "1e−5"), (99.96, "100"), (.nan, "—"),
    ])
    func brief_keepsWhatIsWorthReading(value: Double, expected: String) {
        #expect(brief(value) == expected)
    }

    @Test func ticks_areRound() {
        #expect(PlotScale(0, 1, start: 0, end: 100).ticks() == [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1])
        #expect(PlotScale(-3, 118, start: 0, end: 100).ticks() == [0, 50, 100])
        #expect(PlotScale(5, 5, start: 0, end: 100).ticks().isEmpty == false)
    }

    @Test(arguments: [
        (0.00054421, "5.44e-4"), (1.5, "1.5000"), (0, "0.0000"), (2e13, "2.00e13"), (-0.0000999, "-9.99e-5"),
    ])
    func figure_keepsFiveDigits(value: Double, expected: String) { #expect(figure(value) == expected) }
}
