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
        padding:1rem}svg{width:100%;height:auto}svg text{font-size:11px;fill:currentColor}pre{overflow:auto}
        h1{font-size:1.3rem;overflow-wrap:anywhere}h2{font-size:1.1rem}</style></head>
        <body><h1>\(Self.escaped(title))</h1>
        <p>\(Self.escaped(keyFigures))</p>
        <h2>Latencies</h2>
        \(LatencyPlots(summary).histogram)
        <h2>Percentiles</h2>
        \(LatencyPlots(summary).percentiles)
        <pre>\(Self.escaped(text))</pre>
        </body></html>

        """
    }

    /// The few numbers that are looked for first.
    private var keyFigures: String {
        guard summary.count > 0 else { return "No request was answered." }
        let figures = [0.5, 0.99, 1].map { share in
            "\(Self.name(share)) \(LatencySummary.text(summary.percentile(share)))"
        }
        return "\(Self.short(requestsPerSecond)) requests/s, \(figures.joined(separator: ", "))"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
