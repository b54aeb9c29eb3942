// SPDX-License-Identifier: Apache-2.0
import Base

/// A run as text, as JSON, and as a page with plots.
struct LoadReport {
    let title: String
    let plan: LoadPlan
    let result: LoadResult
    let rows: Int?
    private let summary: LatencySummary

    static let shares = [0.5, 0.9, 0.95, 0.99, 0.999, 1]

    init(title: String, plan: LoadPlan, result: LoadResult, rows: Int?) {
        self.title = title
        self.plan = plan
        self.result = result
        self.rows = rows
        summary = LatencySummary(result.latencies)
    }

    private var requestsPerSecond: Double { result.seconds > 0 ? Double(summary.count) / result.seconds : 0 }
    private var refusalCount: Int { result.refusals.values.reduce(0, +) }

    private var loop: String {
        plan.rate.map { "open loop, \(Self.short($0)) requests/s" } ?? "closed loop"
    }

    private static func short(_ value: Double) -> String {
        let hundredths = (value * 100).rounded() / 100
        return value >= 100 || hundredths == hundredths.rounded()
            ? "\(Int(value.rounded()))" : "\(hundredths)"
    }

    private static func name(_ share: Double) -> String {
        share == 1 ? "max" : "p\(short(share * 100))"
    }

    // MARK: Text

    var text: String {
        var text = "\(title), \(loop), \(plan.connections) connections, \(Self.short(result.seconds)) s\n\n"
        text += "requests answered  \(summary.count)  (\(Self.short(requestsPerSecond)) a second"
        if let rows { text += ", \(Self.short(requestsPerSecond * Double(rows))) rows a second" }
        text += ")\n"
        for (status, count) in result.refusals.sorted(by: { $0.key < $1.key }) {
            text += "answered \(status)       \(count)\n"
        }
        if result.failures > 0 { text += "not answered       \(result.failures)\n" }
        if let problem = result.firstProblem { text += "first problem      \(problem)\n" }
        guard summary.count > 0 else { return text }
        text += "\nmean   \(LatencySummary.text(summary.mean))\n"
        for share in Self.shares {
            let name = Self.name(share)
            text += name + String(repeating: " ", count: max(1, 7 - name.count))
            text += LatencySummary.text(summary.percentile(share)) + "\n"
        }
        return text + "\n" + bars
    }

    /// One line a bucket of the histogram.
    private var bars: String {
        let buckets = summary.histogram
        let most = max(buckets.map(\.count).max() ?? 1, 1)
        return buckets.map { bucket in
            let bound = LatencySummary.text(bucket.upperBound)
            let length = bucket.count * 50 / most
            let bar = bucket.count > 0 && length == 0 ? "." : String(repeating: "#", count: length)
            let pad = String(repeating: " ", count: max(0, 9 - bound.count))
            return "< \(pad)\(bound) |\(bar)\(bucket.count > 0 ? " \(bucket.count)" : "")\n"
        }.joined()
    }

    // MARK: JSON

    var json: String {
        var members: [(String, JSONValue)] = [
            ("title", .string(title)), ("connections", .integer(Int64(plan.connections))),
            ("seconds", .number(result.seconds)), ("requests", .integer(Int64(summary.count))),
            ("requests_per_second", .number(requestsPerSecond)),
            ("refused", .integer(Int64(refusalCount))), ("failed", .integer(Int64(result.failures))),
            ("mean_seconds", .number(Double(summary.mean) / 1e9)),
        ]
        if let rate = plan.rate { members.append(("rate", .number(rate))) }
        for share in Self.shares {
            members.append(
                ("\(Self.name(share))_seconds", .number(Double(summary.percentile(share)) / 1e9)))
        }
        return JSONValue.record(members).line
    }

    // MARK: HTML

    /// A page of its own: nothing in it comes from elsewhere.
    var html: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title>
        <style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{margin:0 auto;max-width:54rem;
        padding:1rem}svg{width:100%;height:auto}svg text{font-size:11px;fill:currentColor}pre{overflow:auto}</style></head>
        <body><h1>\(Self.escaped(title))</h1>
        <h2>Latencies</h2>
        \(histogramPlot)
        <h2>Percentiles</h2>
        \(percentilePlot)
        <pre>\(Self.escaped(text))</pre>
        </body></html>

        """
    }

    private var histogramPlot: String {
        let buckets = summary.histogram
        let most = Double(max(buckets.map(\.count).max() ?? 1, 1))
        let width = 800.0 / Double(max(buckets.count, 1))
        var svg = "<svg viewBox=\"0 0 800 240\" role=\"img\" aria-label=\"histogram of latencies\">"
        for (index, bucket) in buckets.enumerated() {
            let height = Double(bucket.count) / most * 190
            let left = Double(index) * width
            let bound = LatencySummary.text(bucket.upperBound)
            svg += "<rect x=\"\(left)\" y=\"\(200 - height)\" width=\"\(max(width - 1, 0.5))\" "
            svg += "height=\"\(height)\" fill=\"#48c\"><title>below \(bound): \(bucket.count)</title></rect>"
            if index % max(1, buckets.count / 8) == 0 {
                svg += "<text x=\"\(left)\" y=\"220\">\(bound)</text>"
            }
        }
        return svg + "</svg>"
    }

    /// The share above a percentile halves from left to right, so that the tail has its room.
    private var percentilePlot: String {
        var values: [(share: Double, value: UInt64)] = []
        var above = 1.0
        while above * Double(max(summary.count, 1)) >= 1, values.count < 80 {
            values.append((1 - above, summary.percentile(1 - above)))
            above /= 1.189_207_115_002_721
        }
        let largest: UInt64 = values.map { $0.value }.max() ?? 1
        let most = Double(max(largest, 1))
        let gap = 780.0 / Double(max(values.count - 1, 1))
        var points: [String] = []
        var labels = ""
        for (index, value) in values.enumerated() {
            let x = 10 + Double(index) * gap
            points.append("\(x),\(200 - Double(value.value) / most * 190)")
            if index % 4 == 0 {
                labels += "<text x=\"\(x)\" y=\"220\">\((value.share * 1e5).rounded() / 1e3) %</text>"
            }
        }
        return "<svg viewBox=\"0 0 800 240\" role=\"img\" aria-label=\"latency by percentile\">"
            + "<polyline fill=\"none\" stroke=\"#48c\" stroke-width=\"2\" points=\"\(points.joined(separator: " "))\"/>"
            + "<text x=\"0\" y=\"12\">\(LatencySummary.text(UInt64(most)))</text>\(labels)</svg>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
