// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The latencies of a run as two plots, in SVG that stands in a page.
struct LatencyPlots {
    private let summary: LatencySummary

    /// Where a plot's lines begin and end, in the units of its view box of 800 by 240.
    private static let (left, right, top, bottom) = (60.0, 790.0, 10.0, 200.0)

    init(_ summary: LatencySummary) { self.summary = summary }

    // MARK: Histogram

    /// A bar a bucket; buckets grow by a constant factor.
    var histogram: String {
        let buckets = summary.histogram
        let most = Double(max(buckets.map(\.count).max() ?? 1, 1))
        let width = (Self.right - Self.left) / Double(max(buckets.count, 1))
        var svg = Self.opening("histogram of latencies")
        for (index, bucket) in buckets.enumerated() {
            let height = Double(bucket.count) / most * (Self.bottom - Self.top)
            let x = Self.left + Double(index) * width
            let bound = LatencySummary.text(bucket.upperBound)
            svg += "<rect x=\"\(Self.short(x))\" y=\"\(Self.short(Self.bottom - height))\" "
            svg += "width=\"\(Self.short(max(width - 1, 0.5)))\" height=\"\(Self.short(height))\" "
            svg += "fill=\"#48c\">"
            svg += "<title>below \(bound): \(bucket.count)</title></rect>"
            if index % max(1, (buckets.count + 7) / 8) == 0 {
                // A bucket's bound is its right end.
                svg += Self.text(bound, x: x + width, y: 220, anchor: "middle")
            }
        }
        svg += Self.text("\(Int(most))", x: Self.left - 6, y: Self.top + 8, anchor: "end")
        svg += Self.line(Self.left, Self.bottom, Self.right, Self.bottom)
        return svg + "</svg>"
    }

    // MARK: Percentiles

    /// Latency by percentile: both axes are logarithmic, so that the tail has its room and the bulk is seen,
    /// too.
    var percentiles: String {
        let count = Double(max(summary.count, 1))
        // The last share that one request makes a difference to.
        let nines = max(log10(count), 0.5)
        func x(_ share: Double) -> Double {
            Self.left + min(-log10(max(1 - share, 1 / count)) / nines, 1) * (Self.right - Self.left)
        }
        let least = log10(Double(max(summary.percentile(0), 1)))
        let most = max(log10(Double(max(summary.percentile(1), 1))), least + 0.1)
        func y(_ value: UInt64) -> Double {
            let place = (log10(Double(max(value, 1))) - least) / (most - least)
            return Self.bottom - place * (Self.bottom - Self.top)
        }
        var points: [String] = []
        for step in 0...120 {
            let share = 1 - pow(10, -nines * Double(step) / 120)
            points.append("\(Self.short(x(share))),\(Self.short(y(summary.percentile(share))))")
        }
        var svg = Self.opening("latency by percentile")
        for tick in Self.ticks(from: least, to: most) {
            svg += Self.line(Self.left, y(tick), Self.right, y(tick))
            svg += Self.text(LatencySummary.text(tick), x: Self.left - 6, y: y(tick) + 4, anchor: "end")
        }
        for (share, name) in Self.shares where 1 - share >= 1 / count {
            svg += Self.line(x(share), Self.top, x(share), Self.bottom)
            svg += Self.text(name, x: x(share), y: 220, anchor: "middle")
        }
        svg += "<polyline fill=\"none\" stroke=\"#48c\" stroke-width=\"2\" "
        return svg + "points=\"\(points.joined(separator: " "))\"/></svg>"
    }

    private static let shares: [(Double, String)] = [
        (0, "0 %"), (0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %"),
        (0.99999, "99.999 %"), (0.999999, "99.9999 %"),
    ]

    /// Round nanoseconds between two powers of ten: 1, 2 and 5 of each decade, or where those are many, only
    /// 1.
    private static func ticks(from least: Double, to most: Double) -> [UInt64] {
        let digits = most - least > 3 ? [1.0] : [1.0, 2, 5]
        let decades = stride(from: least.rounded(.down), through: most.rounded(.up), by: 1)
        return decades.flatMap { decade in digits.map { $0 * pow(10, decade) } }
            .filter { $0 >= pow(10, least) && $0 <= pow(10, most) }.map { UInt64($0.rounded()) }
    }

    // MARK: SVG

    private static func opening(_ label: String) -> String {
        "<svg viewBox=\"0 0 800 240\" role=\"img\" aria-label=\"\(label)\">"
    }

    private static func line(_ x: Double, _ y: Double, _ endX: Double, _ endY: Double) -> String {
        "<line x1=\"\(short(x))\" y1=\"\(short(y))\" x2=\"\(short(endX))\" y2=\"\(short(endY))\" "
            + "stroke=\"#8886\"/>"
    }

    private static func text(_ text: String, x: Double, y: Double, anchor: String) -> String {
        "<text x=\"\(short(x))\" y=\"\(short(y))\" text-anchor=\"\(anchor)\">\(text)</text>"
    }

    /// A coordinate with one digit behind the point.
    private static func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
