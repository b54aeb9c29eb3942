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

    var confusionFigure: String {
        guard let matrix = evaluation.confusion, matrix.classCount <= 20 else { return "" }
        let wrong = matrix.total - (0..<matrix.classCount).reduce(0) { $0 + matrix[$1, $1] }
        return ReportPage.figure(
            "Confusion",
            "\(grouped(Int(wrong))) of \(grouped(Int(matrix.total))) rows are taken for another class. "
                + "Lines are true classes, columns predicted ones.",
            ConfusionGrid(matrix: matrix, labels: evaluation.labels).svg)
    }
}

/// At most `count` characters, the last an ellipsis when some were cut.
func clipped(_ text: String, _ count: Int) -> String {
    text.count <= count ? text : text.prefix(max(count - 1, 1)) + "…"
}
