// SPDX-License-Identifier: Apache-2.0
import Training

extension ReportPage {
    /// ROC, precision and recall, calibration, lift.
    var curves: String {
        guard !evaluation.curves.isEmpty else { return "" }
        return "<div class=\"grid2\">\(roc)\(precisionRecall)\(calibration)\(lift)</div>"
    }

    private var shown: [(kind: String, curve: ClassCurves)] {
        Array(zip(ReportPage.kinds, evaluation.curves)).map { (kind: $0, curve: $1) }
    }

    /// A class a line needs a legend; one line needs none.
    private var legend: [(kind: String, name: String)] {
        shown.count > 1 ? shown.map { ($0.kind, $0.curve.label) } : []
    }

    private var roc: String {
        var plot = Plot("ROC curve", x: 0...1, y: 0...1)
        plot.axes("false positive rate", "true positive rate")
        plot.line([(0, 0), (1, 1)], "chance")
        for (kind, curve) in shown {
            let points = curve.roc.map { (x: $0.x, y: $0.y) }
            if shown.count == 1 { plot.area(points, kind) }
            plot.line(points, kind, title: "\(curve.label): area \(brief(curve.areaUnderROC))")
        }
        let mean = shown.reduce(0) { $0 + $1.curve.areaUnderROC } / Double(shown.count)
        let words =
            "A row of the class scores above one of the rest in \(rounded(100 * mean, digits: 1)) % "
            + "of pairs"
            + (shown.count > 1 ? ", on average." : ".")
        return ReportPage.figure("ROC", words, plot.finish(), legend: legend)
    }

    private var precisionRecall: String {
        var plot = Plot("Precision by recall", x: 0...1, y: 0...1)
        plot.axes("recall", "precision")
        for (kind, curve) in shown {
            let points = curve.precisionRecall.map { (x: $0.x, y: $0.y) }
            if shown.count == 1 {
                plot.area(points, kind)
                plot.line([(0, curve.prevalence), (1, curve.prevalence)], "chance")
            }
            plot.line(
                points, kind, title: "\(curve.label): average precision \(brief(curve.averagePrecision))")
        }
        let first = shown[0].curve
        let words =
            shown.count == 1
            ? "Average precision \(brief(first.averagePrecision)); guessing gives "
                + "\(brief(first.prevalence)), the dashed line."
            : "How pure the rows taken for a class are, against how many of the class are found."
        return ReportPage.figure("Precision and recall", words, plot.finish(), legend: legend)
    }

    private var calibration: String {
        var plot = Plot("Calibration", x: 0...1, y: 0...1)
        plot.axes("predicted probability", "share that came true")
        plot.line([(0, 0), (1, 1)], "chance")
        var worst = 0.0
        for (kind, curve) in shown {
            let reliability = curve.reliability
            let points = zip(reliability.means, reliability.fractions).map { (x: $0, y: $1) }
            plot.line(points, kind, title: curve.label)
            for (point, weight) in zip(points, reliability.weights) {
                let share = weight / max(reliability.weights.max() ?? 1, 1)
                plot.dots([point], kind, radius: 2 + 4 * share.squareRoot())
            }
            worst = max(worst, reliability.error)
        }
        let words =
            "On the diagonal, probabilities can be taken at their word. They are off by "
            + "\(brief(100 * worst)) points "
            + (shown.count > 1 ? "at most, averaged over a class’s rows." : "on average.")
        return ReportPage.figure("Calibration", words, plot.finish(), legend: legend)
    }

    private var lift: String {
        guard shown.contains(where: { !$0.curve.lift.isEmpty }) else { return "" }
        let top = max(1.2, shown.flatMap(\.curve.lift).max() ?? 1)
        var plot = Plot("Lift by tenth of the rows", x: 0...10, y: 0...top * 1.05)
        plot.axes("tenths of the rows, highest scores first", "lift", xTicks: false)
        for tenth in 0..<10 {
            plot.text(
                "\(tenth + 1)", x: plot.x.place(Double(tenth) + 0.5), y: plot.y.start + 16, anchor: "middle")
        }
        if shown.count == 1 {
            for (tenth, value) in shown[0].curve.lift.enumerated() {
                plot.bar(
                    from: Double(tenth), to: Double(tenth + 1), height: value, "a",
                    title: "\(brief(value)) times as many as by chance")
            }
        } else {
            for (kind, curve) in shown {
                plot.line(
                    curve.lift.enumerated().map { (x: Double($0) + 0.5, y: $1) }, kind, title: curve.label)
            }
        }
        plot.line([(0, 1), (10, 1)], "chance")
        let first = shown[0].curve.lift.first ?? 0
        let words =
            shown.count == 1
            ? "The tenth with the highest scores holds \(brief(first)) times as many rows of the "
                + "class as chance would put there."
            : "Rows of each class among those that score highest for it, relative to chance."
        return ReportPage.figure("Lift", words, plot.finish(), legend: legend)
    }

    /// Counts of true against predicted classes, shaded by the share of the true class.
    var confusionFigure: String {
        guard let matrix = evaluation.confusion else { return "" }
        let count = matrix.classCount
        guard count <= 20 else { return "" }
        let (left, top, size) = (110.0, 34.0, min(84.0, 400.0 / Double(count)))
        var svg = ""
        for truth in 0..<count {
            let total = max(matrix.trueWeight(truth), 1)
            let name = clipped(evaluation.labels[truth], 14)
            let middle = top + (Double(truth) + 0.5) * size
            svg +=
                "<text class=\"word\" x=\"\(pixel(left - 8))\" y=\"\(pixel(middle + 4))\" "
                + "text-anchor=\"end\">\(escaped(name))</text>"
            for predicted in 0..<count {
                let share = matrix[truth, predicted] / total
                let x = left + Double(predicted) * size
                let kind = truth == predicted ? "a" : "b"
                svg +=
                    "<rect x=\"\(pixel(x + 1))\" y=\"\(pixel(top + Double(truth) * size + 1))\" "
                    + "width=\"\(pixel(size - 2))\" "
                    + "height=\"\(pixel(size - 2))\" rx=\"2\" fill=\"var(--\(kind))\" "
                    + "fill-opacity=\"\(rounded(0.04 + 0.5 * share, digits: 3))\">"
                    + "<title>\(escaped(evaluation.labels[truth])) taken for "
                    + "\(escaped(evaluation.labels[predicted])): "
                    + "\(brief(matrix[truth, predicted])) rows, \(rounded(100 * share, digits: 1)) "
                    + "%</title></rect>"
                if size >= 26 {
                    svg +=
                        "<text class=\"cell\" x=\"\(pixel(x + size / 2))\" "
                        + "y=\"\(pixel(middle + 4))\" text-anchor=\"middle\">"
                        + "\(grouped(Int(matrix[truth, predicted])))</text>"
                }
            }
        }
        for predicted in 0..<count where size >= 26 {
            let name = clipped(evaluation.labels[predicted], Int(size / 7))
            svg +=
                "<text class=\"word\" x=\"\(pixel(left + (Double(predicted) + 0.5) * size))\" "
                + "y=\"\(pixel(top - 8))\" "
                + "text-anchor=\"middle\">\(escaped(name))</text>"
        }
        let (width, height) = (max(440, left + Double(count) * size + 8), top + Double(count) * size + 8)
        let wrong = matrix.total - (0..<count).reduce(0) { $0 + matrix[$1, $1] }
        return ReportPage.figure(
            "Confusion",
            "\(grouped(Int(wrong))) of \(grouped(Int(matrix.total))) rows are taken for another class. "
                + "Lines are true classes, columns predicted ones.",
            "<svg viewBox=\"0 0 \(pixel(width)) \(pixel(height))\" role=\"img\" "
                + "aria-label=\"confusion matrix\">\(svg)</svg>"
        )
    }
}

/// At most `count` characters, the last an ellipsis when some were cut.
func clipped(_ text: String, _ count: Int) -> String {
    text.count <= count ? text : text.prefix(max(count - 1, 1)) + "…"
}
