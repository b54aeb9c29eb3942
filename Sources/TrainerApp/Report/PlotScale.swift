// SPDX-License-Identifier: Apache-2.0

/// An axis: where values lie on the page, and which of them get a label.
struct PlotScale {
    let low: Double
    let high: Double
    /// In pixels; `end` may be the smaller, as upwards on a page.
    let start: Double
    let end: Double

    /// From `low` to `high`, widened a little where they are one.
    init(_ low: Double, _ high: Double, start: Double, end: Double) {
        let isEmpty = !(high > low)
        self.low = isEmpty ? low - max(abs(low) * 0.1, 0.5) : low
        self.high = isEmpty ? high + max(abs(high) * 0.1, 0.5) : high
        self.start = start
        self.end = end
    }

    func place(_ value: Double) -> Double { start + (value - low) / (high - low) * (end - start) }

    /// About `count` round values inside the scale: steps of 1, 2 or 5 times a power of ten.
    func ticks(_ count: Int = 5) -> [Double] {
        let rough = (high - low) / Double(max(count, 1))
        guard rough.isFinite, rough > 0 else { return [] }
        var power = 1.0
        while power * 10 <= rough { power *= 10 }
        while power > rough { power /= 10 }
        let step = [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? 10 * power
        let first = (low / step).rounded(.up)
        let last = (high / step + 1e-9).rounded(.down)
        guard last >= first, last - first < 100 else { return [] }
        return (0...Int(last - first)).map { (first + Double($0)) * step }
    }
}

/// A number for an axis or a table: no more digits than are worth reading.
func brief(_ value: Double) -> String {
    guard value.isFinite else { return "—" }
    let size = abs(value)
    if size == 0 { return "0" }
    if size >= 1e9 || size < 1e-4 { return exponential(value) }
    let units: [(Double, String)] = [(1e6, "M"), (1e4, "k")]
    for (unit, letter) in units where size >= unit {
        return rounded(value / (letter == "k" ? 1e3 : unit), digits: 1) + letter
    }
    let digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4
    return rounded(value, digits: digits)
}

/// With at most `digits` behind the point, zeros at the end left out.
func rounded(_ value: Double, digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let whole = (abs(value) * scale).rounded()
    guard whole < 9e15 else { return value.description }
    var text = String(Int64(whole))
    if digits > 0 {
        text = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        let point = text.index(text.endIndex, offsetBy: -digits)
        text = text[..<point] + "." + text[point...]
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
    }
    return (value < 0 && whole > 0 ? "−" : "") + text
}

private func exponential(_ value: Double) -> String {
    var (exponent, size) = (0, abs(value))
    while size >= 10 { (exponent, size) = (exponent + 1, size / 10) }
    while size < 1 { (exponent, size) = (exponent - 1, size * 10) }
    let sign = exponent < 0 ? "−" : ""
    return rounded(value < 0 ? -size : size, digits: 1) + "e" + sign + "\(abs(exponent))"
}
