// SPDX-License-Identifier: Apache-2.0

/// A picture with two axes, as SVG; colours come from the page's style by class.
struct Plot {
    private(set) var svg = ""
    let x: PlotScale
    let y: PlotScale
    private let width: Double
    private let height: Double
    private let label: String

    /// Room for the axes' labels.
    private static let margins = (left: 46.0, right: 12.0, top: 24.0, bottom: 38.0)

    /// - Parameter label: what a screen reader says.
    init(
        _ label: String, x: ClosedRange<Double>, y: ClosedRange<Double>, width: Double = 440,
        height: Double = 310
    ) {
        self.label = label
        self.width = width
        self.height = height
        let margins = Plot.margins
        self.x = PlotScale(x.lowerBound, x.upperBound, start: margins.left, end: width - margins.right)
        self.y = PlotScale(y.lowerBound, y.upperBound, start: height - margins.bottom, end: margins.top)
    }

    /// Grid lines with their values, and the axes' names.
    mutating func axes(_ xName: String, _ yName: String, xTicks: Bool = true) {
        for tick in y.ticks() {
            let place = pixel(y.place(tick))
            add(
                "<line class=\"grid\" x1=\"\(pixel(x.start))\" x2=\"\(pixel(x.end))\" "
                    + "y1=\"\(place)\" y2=\"\(place)\"/>"
            )
            text(brief(tick), x: x.start - 7, y: y.place(tick) + 4, anchor: "end")
        }
        if xTicks {
            for tick in x.ticks() { text(brief(tick), x: x.place(tick), y: y.start + 16, anchor: "middle") }
        }
        let (base, end) = (pixel(y.start), pixel(x.end))
        add("<line class=\"axis\" x1=\"\(pixel(x.start))\" x2=\"\(end)\" y1=\"\(base)\" y2=\"\(base)\"/>")
        text(xName, x: x.end, y: height - 6, anchor: "end", kind: "name")
        text(yName, x: 0, y: 10, anchor: "start", kind: "name")
    }

    mutating func line(_ points: [(x: Double, y: Double)], _ kind: String, title: String = "") {
        guard !points.isEmpty else { return }
        add("<polyline class=\"line \(kind)\" points=\"\(places(points))\">\(hover(title))</polyline>")
    }

    /// The area between a line and the bottom.
    mutating func area(_ points: [(x: Double, y: Double)], _ kind: String) {
        guard let first = points.first, let last = points.last else { return }
        let outline = [(first.x, y.low)] + points.map { ($0.x, $0.y) } + [(last.x, y.low)]
        add("<polygon class=\"area \(kind)\" points=\"\(places(outline.map { (x: $0.0, y: $0.1) }))\"/>")
    }

    mutating func dots(_ points: [(x: Double, y: Double)], _ kind: String, radius: Double = 2.5) {
        for point in points {
            add(
                "<circle class=\"dot \(kind)\" cx=\"\(pixel(x.place(point.x)))\" "
                    + "cy=\"\(pixel(y.place(point.y)))\" r=\"\(radius)\"/>"
            )
        }
    }

    /// A bar from the bottom, or from zero where that is inside.
    mutating func bar(from left: Double, to right: Double, height: Double, _ kind: String, title: String = "")
    {
        let base = y.place(min(max(0, y.low), y.high))
        let top = y.place(height)
        let (start, end) = (x.place(left), x.place(right))
        add(
            "<rect class=\"bar \(kind)\" x=\"\(pixel(start + 0.75))\" y=\"\(pixel(min(top, base)))\" "
                + "width=\"\(pixel(max(end - start - 1.5, 0.5)))\" "
                + "height=\"\(pixel(abs(base - top)))\">\(hover(title))</rect>"
        )
    }

    mutating func text(
        _ words: String, x: Double, y: Double, anchor: String, kind: String = "tick"
    ) {
        add(
            "<text class=\"\(kind)\" x=\"\(pixel(x))\" y=\"\(pixel(y))\" "
                + "text-anchor=\"\(anchor)\">\(escaped(words))</text>"
        )
    }

    /// The whole picture.
    func finish() -> String {
        "<svg viewBox=\"0 0 \(pixel(width)) \(pixel(height))\" role=\"img\" "
            + "aria-label=\"\(escaped(label))\">\(svg)</svg>"
    }

    private func places(_ points: [(x: Double, y: Double)]) -> String {
        points.map { "\(pixel(x.place($0.x))),\(pixel(y.place($0.y)))" }.joined(separator: " ")
    }

    private func hover(_ title: String) -> String { title.isEmpty ? "" : "<title>\(escaped(title))</title>" }

    private mutating func add(_ element: String) { svg += element }
}

/// A tenth of a pixel is more than a screen shows.
func pixel(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e6 else { return "0" }
    let tenths = Int((value * 10).rounded())
    let (whole, rest) = (abs(tenths) / 10, abs(tenths) % 10)
    return (tenths < 0 ? "-" : "") + "\(whole)" + (rest == 0 ? "" : ".\(rest)")
}

/// Text for HTML, in elements and in quoted attributes.
func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
