// SPDX-License-Identifier: Apache-2.0
import Training

extension ReportPage {
    /// Predicted against true, errors by prediction, and their distribution.
    var residuals: String {
        guard let residuals = evaluation.residuals, !residuals.sample.isEmpty else { return "" }
        return
            "<div class=\"grid2\">\(scatter(residuals))\(errors(residuals))\(distribution(residuals))</div>"
    }

    private func range(_ values: [Double]) -> ClosedRange<Double> {
        let (low, high) = (values.min() ?? 0, values.max() ?? 1)
        let room = (high - low) * 0.04
        return low - room...high + room
    }

    private func scatter(_ residuals: Residuals) -> String {
        let both = range(residuals.sample.flatMap { [$0.prediction, $0.truth] })
        var plot = Plot("True against predicted", x: both, y: both)
        plot.axes("predicted", "true")
        plot.line([(both.lowerBound, both.lowerBound), (both.upperBound, both.upperBound)], "chance")
        plot.dots(residuals.sample.map { (x: $0.prediction, y: $0.truth) }, "a")
        return ReportPage.figure(
            "True against predicted", "Points on the dashed line are exactly right.", plot.finish())
    }

    private func errors(_ residuals: Residuals) -> String {
        let pairs = residuals.sample.map { (x: $0.prediction, y: $0.truth - $0.prediction) }
        var plot = Plot("Errors by prediction", x: range(pairs.map(\.x)), y: range(pairs.map(\.y) + [0]))
        plot.axes("predicted", "true − predicted")
        plot.line([(plot.x.low, 0), (plot.x.high, 0)], "chance")
        plot.dots(pairs, "a")
        return ReportPage.figure(
            "Errors by prediction",
            "A cloud that bends or widens shows what the model has not learned.", plot.finish())
    }

    private func distribution(_ residuals: Residuals) -> String {
        let histogram = residuals.histogram
        let top = Double(max(histogram.counts.max() ?? 1, 1))
        var plot = Plot("Distribution of errors", x: histogram.low...histogram.high, y: 0...top * 1.05)
        plot.axes("true − predicted", "rows")
        let step = (plot.x.high - plot.x.low) / Double(histogram.counts.count)
        for (bin, count) in histogram.counts.enumerated() {
            let left = plot.x.low + Double(bin) * step
            plot.bar(from: left, to: left + step, height: Double(count), "a", title: "\(grouped(count)) rows")
        }
        let quantiles = residuals.quantiles
        return ReportPage.figure(
            "Distribution of errors",
            "Nine of ten errors lie between \(brief(quantiles[0])) and \(brief(quantiles[4])), half "
                + "between "
                + "\(brief(quantiles[1])) and \(brief(quantiles[3])).", plot.finish())
    }
}
