// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Training

/// What a person should know of a model before using it: a page of Markdown, generated from what the model
/// says of itself, its measures and its run.
struct ModelCard {
    let graph: ModelGraph
    let trained: TrainedModel
    let target: Target
    let name: String?
    let run: RunFacts

    /// Longer lists end with how many are left out.
    private static let categoriesShown = 12

    var text: String {
        var lines = ["# \(cell(name ?? "\(target.name) model"))", ""]
        lines += [introduction, ""]
        lines += use + measures + features + data + settings + runTable
        return lines.joined(separator: "\n") + "\n"
    }

    private var facts: [String: String] { graph.lineage.facts }

    private var introduction: String {
        let answer: String
        switch target.task {
        case .classification:
            let names = (0..<target.classCount).map { "`\(target.label($0))`" }
            answer =
                "answers the probabilities of the \(target.classCount) classes of `\(target.name)` "
                + "(\(list(names)))"
        case .regression: answer = "answers a number for `\(target.name)`"
        case .clustering: answer = "puts a row into a group, without a target"
        }
        return
            "This model \(answer). It is \(trained.algorithm.summary) (`\(trained.algorithm.name)`), made by "
            + "\(facts["producer"] ?? "modeltrain")."
    }

    private var use: [String] {
        [
            "## Use", "",
            "It is meant for rows like those that it learned from: from the same source, with the columns below. Rows "
                + "outside the ranges below are answered, and nobody has measured how well. Who decides about people "
                + "by its answers should measure it for each group of them first (the report's slices show how).",
            "",
        ]
    }

    private var measures: [String] {
        guard !trained.trainMetrics.isEmpty else { return [] }
        var lines = ["## How good it is", ""]
        let isTested = !trained.testMetrics.isEmpty
        lines.append(
            isTested
                ? "On \(facts["split.test"] ?? "the") rows that it was not trained on (`test`), chosen by: "
                    + "\(facts["split.rule"] ?? "random")."
                : "Only on the rows that it was trained on: how good it is on others is not known.")
        lines += ["", isTested ? "| metric | test | train |" : "| metric | train |"]
        lines.append(isTested ? "|---|---:|---:|" : "|---|---:|")
        for metric in trained.trainMetrics {
            let test = trained.testMetrics.first { $0.name == metric.name }.map { figure($0.value) } ?? "—"
            lines.append(
                "| `\(metric.name)` | " + (isTested ? "\(test) | " : "") + "\(figure(metric.value)) |")
        }
        return lines + [""]
    }

    private var features: [String] {
        var lines = [
            "## Columns", "", "| column | kind | values in training | missing |", "|---|---|---|---:|",
        ]
        let rowCount = graph.statistics?.rowCount ?? 0
        for (index, feature) in graph.schema.features.enumerated() {
            let facts = graph.statistics?.features[index]
            let missing =
                facts.map {
                    rowCount > 0 ? figure(100 * Double($0.missingCount) / Double(rowCount)) + " %" : "—"
                } ?? "—"
            lines.append(
                "| \(cell(feature.name)) | \(feature.kind.name) | \(values(feature, facts)) | \(missing) |")
        }
        return lines + [""]
    }

    private func values(_ feature: Feature, _ facts: FeatureStatistics?) -> String {
        if case .categorical(let categories) = feature.kind {
            return list(categories.map { "`\(cell($0))`" })
        }
        guard let facts, let minimum = facts.minimum, let maximum = facts.maximum else { return "—" }
        if case .date = feature.kind {
            return "\(DateText.format(minimum)) to \(DateText.format(maximum))"
        }
        let quantiles = facts.quantiles
        let middle = quantiles.isEmpty ? "" : ", median \(figure(quantiles[quantiles.count / 2]))"
        return "\(figure(minimum)) to \(figure(maximum))\(middle)"
    }

    private var data: [String] {
        var lines = ["## Data", ""]
        let named = [
            ("source.name", "source"), ("source.rows", "rows"), ("source.bytes", "bytes"),
            ("source.sha256", "SHA-256"), ("split.train", "rows to train"),
            ("split.validation", "rows to validate"),
            ("split.test", "rows to test"),
        ]
        for (fact, word) in named {
            if let value = facts[fact] { lines.append("- \(word): \(cell(value))") }
        }
        return lines + [""]
    }

    private var settings: [String] {
        var lines = ["## Settings", "", "- seed: \(facts["seed"] ?? "—")"]
        for setting in trained.settings where setting.name != "algorithm" {
            lines.append("- \(setting.name): \(cell(setting.value))")
        }
        return lines + [""]
    }

    private var runTable: [String] {
        ["## Run", ""] + run.all.map { "- \($0.name.dropFirst(4)): \($0.value)" }
    }

    private func list(_ words: [String]) -> String {
        let shown = words.prefix(ModelCard.categoriesShown).joined(separator: ", ")
        let rest = words.count - ModelCard.categoriesShown
        return rest > 0 ? "\(shown) and \(rest) more" : shown
    }

    /// Text from the data, which must not end a cell, a line or a list.
    private func cell(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "|", "`", "*", "<", ">", "[", "]", "\\": escaped += "\\\(scalar)"
            case _ where scalar.value < 0x20: escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
