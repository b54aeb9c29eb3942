// SPDX-License-Identifier: Apache-2.0
import Training

/// The report of an evaluation: one HTML file that needs nothing else, readable by whoever did not train the
/// model.
struct ReportPage {
    let evaluation: Evaluation
    /// The model's name, or the file's.
    let title: String
    let algorithm: String
    let settings: [(name: String, value: String)]
    /// Facts for the foot of the page: data, seed, version of the trainer.
    let facts: [(name: String, value: String)]

    /// Kinds of lines, in the order in which they are given out.
    static let kinds = ["a", "b", "c", "d", "e", "f", "g", "h"]

    /// Where the rows are that the figures are about.
    var measuredOn: String {
        evaluation.testRowCount > 0
            ? "\(grouped(evaluation.testRowCount)) rows that the model had never seen"
            : "the \(grouped(evaluation.trainRowCount)) rows that it was trained on, so it looks "
                + "better than it is"
    }

    var html: String {
        var sections: [(id: String, name: String, html: String)] = []
        func section(_ id: String, _ name: String, _ body: String) {
            if !body.isEmpty { sections.append((id, name, body)) }
        }
        section("live", "Beside the live version", comparison)
        section("curves", "How well it tells apart", curves)
        section("residuals", "How far it is off", residuals)
        section("mistakes", "Where it is wrong", mistakes)
        section("features", "What it goes by", features)
        section("learning", "How it learned", learning)
        section("metrics", "All metrics", metrics)
        section("data", "The data", data)
        let links = sections.map { "<a href=\"#\($0.id)\">\($0.name)</a>" }.joined()
        let body = sections.map { "<section><h2 id=\"\($0.id)\">\($0.name)</h2>\($0.html)</section>" }
            .joined()
        let foot = facts.map { "\(escaped($0.name)) \(escaped($0.value))" }.joined(separator: " · ")
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" \
            content="width=device-width,initial-scale=1">
            <title>\(escaped(title)): evaluation</title><style>\(ReportStyle.sheet)</style></head>
            <body><main><header><h1>\(escaped(title))</h1><p \
            class="lead">\(lead)</p><nav>\(links)</nav>\(tiles)</header>
            \(body)
            <footer>\(foot)</footer>
            </main></body></html>

            """
    }

    private var lead: String {
        let target = "<b>\(escaped(evaluation.target))</b>"
        let shown = evaluation.labels.prefix(6).map(escaped).joined(separator: ", ")
        let what =
            evaluation.labels.isEmpty
            ? "Predicts the number \(target)"
            : "Tells \(target) apart (\(shown)\(evaluation.labels.count > 6 ? ", …" : ""))"
        return
            "\(what) with \(escaped(algorithm)), trained on \(grouped(evaluation.trainRowCount)) "
            + "rows and measured on "
            + "\(measuredOn)."
    }

    // MARK: Headline

    private var headlines: [String] {
        guard evaluation.task == .classification else { return ["rmse", "mae", "r2", "max_error"] }
        return evaluation.labels.count == 2
            ? ["accuracy", "roc_auc", "log_loss", "calibration_error"]
            : ["accuracy", "roc_auc", "log_loss", "f1_macro"]
    }

    private var tiles: String {
        let tiles = headlines.compactMap { name -> String? in
            guard let metric = evaluation.testMetrics.first(where: { $0.name == name }) else { return nil }
            let interval = evaluation.intervals.first { $0.name == name }
            let range = interval.map { "95 %: \(brief($0.low)) to \(brief($0.high))" } ?? "&nbsp;"
            return "<div class=\"tile\"><div class=\"name\">\(MetricWords.name(name))</div>"
                + "<div class=\"value\">\(brief(metric.value))</div><div "
                + "class=\"range\">\(range)</div></div>"
        }
        return "<div class=\"tiles\">\(tiles.joined())</div>"
    }

    // MARK: All metrics

    private var metrics: String {
        var rows = ""
        for metric in evaluation.testMetrics {
            let train = evaluation.trainMetrics.first { $0.name == metric.name }
            let interval = evaluation.intervals.first { $0.name == metric.name }
            let fold = evaluation.crossValidation?.summary.first { $0.name == metric.name }
            let spread = fold.map { "\(brief($0.mean)) ± \(brief($0.deviation))" } ?? ""
            rows +=
                "<tr><td>\(MetricWords.name(metric.name)) <code class=\"quiet\">\(metric.name)</code></td>"
                + "<td class=\"n\"><b>\(brief(metric.value))</b></td>"
                + "<td class=\"n quiet\">\(ReportPage.range(interval))</td>"
                + "<td class=\"n\">\(train.map { brief($0.value) } ?? "")</td>"
                + (evaluation.crossValidation == nil
                    ? ""
                    : "<td class=\"n\">\(spread)</td>")
                + "</tr>"
        }
        let folds = evaluation.crossValidation.map { "<th class=\"n\">\($0.folds.count) folds</th>" } ?? ""
        let used = settings.map {
            "\(escaped($0.name)) "
                + "<b>\(escaped($0.value))</b>"
        }.joined(separator: ", ")
        return """
            <p class="quiet">Measured with the code that will answer in production, defined as in \
            scikit-learn. The \
            intervals hold 95 % of what other rows of the same kind would have given (bootstrap).</p>
            <div class="scroll"><table><tr><th>metric</th><th class="n">test</th><th class="n">95 % \
            interval</th>\
            <th class="n">training</th>\(folds)</tr>\(rows)</table></div>
            <p class="quiet" style="margin-top:18px">Settings: \(used).</p>
            """
    }

    // MARK: The live version

    private var comparison: String {
        var html = ""
        if !evaluation.verdicts.isEmpty {
            let holds = evaluation.verdicts.allSatisfy(\.holds)
            html +=
                "<div class=\"verdict\(holds ? "" : " no")\"><b class=\"\(holds ? "good" : "bad")\">"
                + (holds ? "The gate is passed." : "The gate is not passed; nothing was published.")
                + "</b><br>"
            html += evaluation.verdicts.map {
                "<span class=\"\($0.holds ? "good" : "bad")\">\($0.holds ? "✓" : "✗")</span> "
                    + "<code>\(escaped($0.condition))</code> <span "
                    + "class=\"quiet\">\(escaped($0.reason))</span>"
            }.joined(separator: "<br>")
            html += "</div>"
        }
        guard let comparison = evaluation.comparison else { return html }
        if let obstacle = comparison.obstacle {
            return html
                + "<p>\(escaped(comparison.live)) cannot be measured on these rows: "
                + "\(escaped(obstacle)).</p>"
        }
        var rows = ""
        for metric in evaluation.testMetrics {
            guard let live = comparison.metrics.first(where: { $0.name == metric.name }) else { continue }
            let difference = metric.value - live.value
            let isBetter = metric.isBetterLarge ? difference > 0 : difference < 0
            let interval = comparison.differences.first { $0.name == metric.name }
            let isSure = interval.map { $0.low > 0 || $0.high < 0 } ?? false
            let kind = isSure ? (isBetter ? "good" : "bad") : "quiet"
            rows +=
                "<tr><td>\(MetricWords.name(metric.name))</td><td class=\"n\">\(brief(live.value))</td>"
                + "<td class=\"n\"><b>\(brief(metric.value))</b></td><td class=\"n "
                + "\(kind)\">\(difference > 0 ? "+" : "")"
                + "\(brief(difference))</td><td class=\"n quiet\">"
                + "\(interval.map { "\(brief($0.low)) – \(brief($0.high))" } ?? "")</td></tr>"
        }
        return html + """
            <p class="quiet">Both answered the same rows. A difference is coloured when its 95 % interval \
            leaves zero \
            out: green for better, red for worse.</p>
            <div class="scroll"><table><tr><th>metric</th><th class="n">\(escaped(comparison.live))</th>\
            <th class="n">this model</th><th class="n">difference</th><th class="n">95 % \
            interval</th></tr>\(rows)</table></div>
            """
    }

    // MARK: Parts of figures

    private static func range(_ interval: Bootstrap.Interval?) -> String {
        interval.map { "\(brief($0.low)) – \(brief($0.high))" } ?? ""
    }

    static func figure(
        _ title: String, _ takeaway: String, _ svg: String, legend: [(kind: String, name: String)] = []
    )
        -> String
    {
        let items = legend.map {
            "<li><i style=\"background:var(--\($0.kind))\"></i>\(escaped($0.name))</li>"
        }.joined()
        return "<figure><figcaption><b>\(escaped(title))</b><span>\(takeaway)</span></figcaption>\(svg)"
            + (legend.isEmpty ? "" : "<ul class=\"legend\">\(items)</ul>") + "</figure>"
    }
}

/// 1,234,567.
func grouped(_ count: Int) -> String {
    var digits = String(abs(count))
    var groups: [String] = []
    while digits.count > 3 {
        groups.insert(String(digits.suffix(3)), at: 0)
        digits.removeLast(3)
    }
    return (count < 0 ? "−" : "") + ([digits] + groups).joined(separator: ",")
}
