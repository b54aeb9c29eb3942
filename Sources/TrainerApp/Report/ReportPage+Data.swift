// SPDX-License-Identifier: Apache-2.0
import Training

extension ReportPage {
    /// A line a column: what it looks like in the training rows, and in those that were measured on.
    var data: String {
        let shown = evaluation.profile.prefix(200)
        guard !shown.isEmpty else { return "" }
        let rows = shown.map { profile in
            let missing = 100 * Double(profile.missingCount) / Double(max(profile.rowCount, 1))
            return "<tr><td><b>\(escaped(clipped(profile.name, 40)))</b></td><td>\(picture(profile))</td>"
                + "<td class=\"n\">\(missing == 0 ? "0" : rounded(missing, digits: 1)) %</td>"
                + "<td class=\"n\">\(grouped(profile.distinctCount))</td>\(numbers(profile))</tr>"
        }.joined()
        let rest = evaluation.profile.count - shown.count
        return """
            <p class="quiet">Training rows in blue; the outline is the rows measured on, as shares. Where \
            the two part, the \
            figures above speak of other data than the model learned from.\
            \(rest > 0 ? " \(rest) more columns are left out." : "")</p>
            <div class="scroll"><table><tr><th>column</th><th>distribution</th><th class="n">missing</th>\
            <th class="n">distinct</th><th class="n">mean</th><th class="n">deviation</th><th \
            class="n">least</th>\
            <th class="n">median</th><th class="n">greatest</th></tr>\(rows)</table></div>
            """
    }

    private func numbers(_ profile: ColumnProfile) -> String {
        guard
            case .numbers(let mean, let deviation, let minimum, let median, let maximum, _, _) = profile
                .values
        else {
            guard case .categories(let categories) = profile.values else { return "" }
            let names = categories.prefix(4).map { escaped(clipped($0.name, 16)) }.joined(separator: ", ")
            return "<td colspan=\"5\" class=\"quiet\">\(names)\(profile.distinctCount > 4 ? ", …" : "")</td>"
        }
        return [mean, deviation, minimum, median, maximum].map { "<td class=\"n\">\(brief($0))</td>" }
            .joined()
    }

    private func picture(_ profile: ColumnProfile) -> String {
        var train: [Double]
        var test: [Double]
        switch profile.values {
        case .numbers(_, _, _, _, _, let trainBins, let testBins):
            (train, test) = (trainBins.counts.map(Double.init), testBins.counts.map(Double.init))
        case .categories(let categories):
            train = categories.map { Double($0.trainCount) }
            test = categories.map { Double($0.testCount) }
        }
        for (values, total) in [(train, train.reduce(0, +)), (test, test.reduce(0, +))] where total == 0 {
            if values.isEmpty { return "" }
        }
        let (trainTotal, testTotal) = (max(train.reduce(0, +), 1), max(test.reduce(0, +), 1))
        train = train.map { $0 / trainTotal }
        test = test.map { $0 / testTotal }
        let top = max((train + test).max() ?? 1, 1e-9)
        let step = 150.0 / Double(max(train.count, 1))
        var svg = ""
        for (bin, share) in train.enumerated() {
            let height = 32 * share / top
            svg +=
                "<rect class=\"bar a\" x=\"\(pixel(Double(bin) * step + 0.5))\" "
                + "y=\"\(pixel(33 - height))\" "
                + "width=\"\(pixel(max(step - 1, 0.5)))\" height=\"\(pixel(height))\"/>"
        }
        if evaluation.testRowCount > 0 {
            var corners: [String] = []
            for (bin, share) in test.enumerated() {
                let y = pixel(33 - 32 * share / top)
                corners.append("\(pixel(Double(bin) * step)),\(y)")
                corners.append("\(pixel(Double(bin + 1) * step)),\(y)")
            }
            svg +=
                "<polyline class=\"line b\" style=\"stroke-width:1.2\" "
                + "points=\"\(corners.joined(separator: " "))\"/>"
        }
        return
            "<svg viewBox=\"0 0 150 34\" preserveAspectRatio=\"none\" role=\"img\" "
            + "aria-label=\"distribution\">\(svg)</svg>"
    }
}
