// SPDX-License-Identifier: Apache-2.0
import Training

extension ReportPage {
    /// Importances and partial dependences.
    var features: String {
        guard !evaluation.importances.isEmpty else { return "" }
        var html = "<div class=\"grid2\">\(permutation)\(contributions)</div>"
        if !evaluation.dependences.isEmpty {
            html +=
                "<h3 style=\"margin-top:40px\">What the model says as one feature changes</h3>"
                + "<p class=\"quiet\">The average answer when all rows are given the same value of "
                + "the feature "
                + "(partial dependence); the rest of the row stays.</p><div class=\"grid3\">"
            html += evaluation.dependences.map(dependence).joined() + "</div>"
        }
        return html
    }

    /// So many features fit a figure.
    private static let featureMax = 16

    private var permutation: String {
        let loss = MetricWords.name(Answers.lossName(evaluation.task)).lowercased()
        let shown = evaluation.importances.prefix(ReportPage.featureMax)
        let bars = shown.map {
            (name: $0.feature, value: max($0.permutation, 0), spread: $0.permutationDeviation)
        }
        let rest = evaluation.importances.count - shown.count
        return ReportPage.figure(
            "What the answers depend on",
            "By how much the \(loss) grows when a feature’s values are shuffled"
                + (rest > 0 ? "; the first \(shown.count) of \(evaluation.importances.count)." : "."),
            ReportPage.horizontalBars(Array(bars), "a"))
    }

    private var contributions: String {
        let found = evaluation.importances.compactMap { importance in
            importance.contribution.map { (name: importance.feature, value: $0, spread: 0.0) }
        }.sorted { $0.value > $1.value }
        guard !found.isEmpty else { return "" }
        return ReportPage.figure(
            "What moves the answers",
            "The mean size of what a feature adds to the margin (exact Shapley values).",
            ReportPage.horizontalBars(Array(found.prefix(ReportPage.featureMax)), "c"))
    }

    private static func horizontalBars(
        _ bars: [(name: String, value: Double, spread: Double)], _ kind: String
    )
        -> String
    {
        let (left, right, step) = (150.0, 392.0, 21.0)
        let top = max(bars.map { $0.value + $0.spread }.max() ?? 1, 1e-300)
        var svg = ""
        for (index, bar) in bars.enumerated() {
            let y = Double(index) * step + 4
            let width = bar.value / top * (right - left)
            svg +=
                "<text class=\"word\" x=\"\(pixel(left - 8))\" y=\"\(pixel(y + 12))\" text-anchor=\"end\">"
                + "\(escaped(clipped(bar.name, 22)))<title>\(escaped(bar.name))</title></text>"
                + "<rect class=\"bar \(kind)\" x=\"\(pixel(left))\" y=\"\(pixel(y))\" "
                + "width=\"\(pixel(max(width, 1)))\" "
                + "height=\"\(pixel(step - 6))\" rx=\"1.5\"/>"
            if bar.spread > 0 {
                let (low, high) = (
                    left + max(bar.value - bar.spread, 0) / top * (right - left),
                    left + (bar.value + bar.spread) / top * (right - left)
                )
                let middle = pixel(y + (step - 6) / 2)
                svg +=
                    "<line class=\"whisker\" x1=\"\(pixel(low))\" x2=\"\(pixel(high))\" "
                    + "y1=\"\(middle)\" y2=\"\(middle)\"/>"
            }
            let end = left + (bar.value + bar.spread) / top * (right - left)
            svg +=
                "<text class=\"tick\" x=\"\(pixel(end + 6))\" "
                + "y=\"\(pixel(y + 12))\">\(brief(bar.value))</text>"
        }
        let height = pixel(Double(bars.count) * step + 6)
        return "<svg viewBox=\"0 0 440 \(height)\" role=\"img\" aria-label=\"importances\">\(svg)</svg>"
    }

    private func dependence(_ dependence: PartialDependence) -> String {
        let means = dependence.lines.flatMap(\.means)
        let (low, high) = (means.min() ?? 0, means.max() ?? 1)
        let room = max((high - low) * 0.08, 1e-9)
        let y =
            evaluation.task == .classification
            ? max(0, low - room)...min(1, high + room) : low - room...high + room
        let name = evaluation.labels.isEmpty ? "predicted" : "probability"
        var plot: Plot
        switch dependence.points {
        case .numbers(let values):
            plot = Plot(
                dependence.feature, x: (values.first ?? 0)...(values.last ?? 1), y: y, width: 320, height: 210
            )
            plot.axes("", name)
            for (kind, line) in zip(ReportPage.kinds, dependence.lines) {
                plot.line(zip(values, line.means).map { (x: $0, y: $1) }, kind, title: line.label)
            }
        case .categories(let names):
            plot = Plot(dependence.feature, x: 0...Double(names.count), y: y, width: 320, height: 210)
            plot.axes("", name, xTicks: false)
            for (place, category) in names.enumerated() {
                plot.text(
                    clipped(category, max(3, 40 / names.count)), x: plot.x.place(Double(place) + 0.5),
                    y: plot.y.start + 16, anchor: "middle")
            }
            for (kind, line) in zip(ReportPage.kinds, dependence.lines) {
                plot.dots(
                    line.means.enumerated().map { (x: Double($0) + 0.5, y: $1) }, kind, radius: 4.5)
            }
        }
        let legend =
            dependence.lines.count > 1
            ? zip(ReportPage.kinds, dependence.lines).map { (kind: $0, name: $1.label) } : []
        let words = evaluation.labels.count == 2 ? "Probability of \(escaped(evaluation.labels[1]))" : ""
        return ReportPage.figure(dependence.feature, words, plot.finish(), legend: legend)
    }

    /// The confusion matrix, and the slices where the model does worst.
    var mistakes: String {
        let confusion = confusionFigure
        let slices = sliceFigure
        return confusion.isEmpty && slices.isEmpty ? "" : "<div class=\"grid2\">\(confusion)\(slices)</div>"
    }

    private var sliceFigure: String {
        let name = Answers.lossName(evaluation.task)
        guard let whole = evaluation.testMetrics.first(where: { $0.name == name })?.value else { return "" }
        let found = evaluation.slices.compactMap { slice in
            slice.metrics.first { $0.name == name }.map { (slice: slice, loss: $0.value) }
        }.sorted { $0.loss > $1.loss }.prefix(10)
        guard let worst = found.first else { return "" }
        let rows = found.map {
            "<tr><td>\(escaped(clipped($0.slice.feature, 24))) <span "
                + "class=\"quiet\">\(escaped(clipped($0.slice.description, 24)))</span></td>"
                + "<td class=\"n\">\(grouped($0.slice.rowCount))</td><td class=\"n\">\(brief($0.loss))</td>"
                + "<td class=\"n quiet\">\(rounded($0.loss / max(whole, 1e-300), digits: 2)) ×</td></tr>"
        }.joined()
        return "<figure><figcaption><b>Hardest slices</b><span>Groups of at least 20 rows with the largest "
            + "\(MetricWords.name(name).lowercased()); over all rows it is \(brief(whole)), here up to "
            + "\(rounded(worst.loss / max(whole, 1e-300), digits: 1)) times that.</span></figcaption>"
            + "<div class=\"scroll\"><table><tr><th>rows with</th><th class=\"n\">rows</th><th "
            + "class=\"n\">loss</th>"
            + "<th class=\"n\">to all</th></tr>\(rows)</table></div></figure>"
    }

    /// The loss by step, and the folds.
    var learning: String {
        guard evaluation.progress.count > 1 else { return "" }
        let steps = evaluation.progress
        let values = steps.flatMap { [$0.loss] + ($0.validationLoss.map { [$0] } ?? []) }.filter(\.isFinite)
        let (low, high) = (min(values.min() ?? 0, 0), values.max() ?? 1)
        var plot = Plot(
            "Loss by step", x: Double(steps[0].step)...Double(steps[steps.count - 1].step),
            y: low...high * 1.05, width: 900, height: 300)
        plot.axes("steps", "loss")
        plot.line(steps.map { (x: Double($0.step), y: $0.loss) }, "a", title: "training")
        let validation = steps.compactMap { step in step.validationLoss.map { (x: Double(step.step), y: $0) }
        }
        plot.line(validation, "b", title: "validation")
        let legend =
            [(kind: "a", name: "training rows")] + (validation.isEmpty ? [] : [("b", "validation rows")])
        let best = validation.min { $0.y < $1.y }
        let words =
            best.map { "The validation loss is least after step \(brief($0.x)): \(brief($0.y))." }
            ?? "No validation rows watched: the loss is that of the rows learned from."
        return "<div style=\"margin-top:22px\">"
            + ReportPage.figure("Loss while learning", words, plot.finish(), legend: legend) + "</div>"
    }
}
