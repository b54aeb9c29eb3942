// SPDX-License-Identifier: Apache-2.0
import Base
import Training

/// Shows what happens: lines and a bar for people, one JSON object a line for programs.
final class Reporter {
    enum Style {
        case people, terminal, json
    }

    private let style: Style
    private var lastDrawn: MonotonicInstant?
    private var lastTenth = -1
    private var hasBar = false
    /// Of the work that is under way: when its first step was reported.
    private var began: MonotonicInstant?
    private var lastStep = Int.max

    init(_ style: ProgressStyle) {
        self.style =
            switch style {
            case .auto: Console.isTerminal ? .terminal : .json
            case .bar: .terminal
            case .json: .json
            case .none: .people
            }
    }

    var isJSON: Bool { style == .json }

    /// A line for people.
    func say(_ line: String) {
        guard !isJSON else { return }
        clearBar()
        Console.output(line)
    }

    /// A line for programs.
    func emit(_ line: String) {
        if isJSON { Console.output(line) }
    }

    /// The last line: for programs always, for people when they ask for it.
    func finish(_ line: String, isWanted: Bool) {
        clearBar()
        if isJSON || isWanted { Console.output(line) }
    }

    func report(_ event: TrainingEvent) {
        switch event {
        case .candidate(let algorithm, let metric):
            say("  \(pad(algorithm.name, 9)) \(metric.name) \(figure(metric.value)) on held-out folds")
            var line = JSONLine(event: "candidate")
            line.add("algorithm", algorithm.name)
            line.add(metric.name, metric.value)
            emit(line.finish())
        case .progress(let algorithm, let step, let total, let loss, let validationLoss):
            progress(algorithm, step, total, loss, validationLoss)
        }
    }

    private func progress(_ algorithm: Algorithm, _ step: Int, _ total: Int, _ loss: Double, _ other: Double?)
    {
        switch style {
        case .terminal:
            let now = MonotonicInstant.now
            if step <= lastStep { began = now }
            lastStep = step
            // 20 pictures a second are enough for the eye and nothing for the trainer.
            if let lastDrawn, now.nanoseconds(since: lastDrawn) < 50_000_000, step < total { return }
            lastDrawn = now
            let bar = Reporter.bar(Double(step) / Double(max(total, 1)))
            let validation = other.map { ", validation \(figure($0))" } ?? ""
            let rest = remaining(step, total, now).map { "  \($0) left" } ?? ""
            Console.draw("\r\u{1B}[K  \(bar) \(step)/\(total)  loss \(figure(loss))\(validation)\(rest)")
            hasBar = true
        case .json:
            let tenth = 10 * step / max(total, 1)
            guard tenth != lastTenth else { return }
            lastTenth = tenth
            var line = JSONLine(event: "progress")
            line.add("algorithm", algorithm.name)
            line.add("step", step)
            line.add("total", total)
            line.add("loss", loss)
            if let other { line.add("validation_loss", other) }
            emit(line.finish())
        case .people: break
        }
    }

    /// A bar of 30 characters.
    private static func bar(_ part: Double) -> String {
        let filled = min(30, max(0, Int(30 * part)))
        return String(repeating: "█", count: filled) + String(repeating: "·", count: 30 - filled)
    }

    /// After a trial of a search: how far it is, of trials and of time, whichever ends it first.
    func searching(trial: Int, of trials: Int?, seconds: Double, of budget: Double?) {
        guard style == .terminal else { return }
        let parts = [trials.map { Double(trial) / Double($0) }, budget.map { seconds / $0 }]
        let part = parts.compactMap { $0 }.max() ?? 0
        guard part > 0, part < 1 else { return clearBar() }
        let count = trials.map { "\(trial)/\($0)" } ?? "\(trial)"
        Console.draw(
            "\r\u{1B}[K  \(Reporter.bar(part)) \(count) trials  \(duration(seconds / part * (1 - part))) left"
        )
        hasBar = true
    }

    /// How long the steps to come will take, from the pace of those that were done.
    private func remaining(_ step: Int, _ total: Int, _ now: MonotonicInstant) -> String? {
        guard let began, step > 1, step < total else { return nil }
        let elapsed = Double(now.nanoseconds(since: began)) / 1e9
        return duration(elapsed / Double(step - 1) * Double(total - step))
    }

    /// Takes the bar off the terminal.
    func clearBar() {
        if hasBar { Console.draw("\r\u{1B}[K") }
        hasBar = false
    }

    /// Reads of the data file; a bar only when it takes long enough to be seen.
    func reading(_ bytes: Int, of total: Int?) {
        guard style == .terminal, bytes > 1 << 24 else { return }
        let now = MonotonicInstant.now
        if let lastDrawn, now.nanoseconds(since: lastDrawn) < 50_000_000 { return }
        lastDrawn = now
        Console.draw("\r\u{1B}[K  \(bytes >> 20) MiB read")
        hasBar = true
    }
}

func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

/// A number with about five digits that count, for people.
func figure(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "—" : value.description }
    let size = abs(value)
    if size != 0 && size < 0.001 || size >= 1e12 { return short(value) }
    let digits = size >= 1_000 ? 1 : size >= 100 ? 2 : size >= 10 ? 3 : 4
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (size * scale).rounded()
    let whole = Int64(scaled / scale)
    let fraction = String(Int64(scaled - Double(whole) * scale))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return "\(sign)\(whole)." + String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
}

/// Three digits and a power of ten, "5.44e-4".
private func short(_ value: Double) -> String {
    var (exponent, size) = (0, abs(value))
    while size >= 9.995 { (exponent, size) = (exponent + 1, size / 10) }
    while size < 0.9995 { (exponent, size) = (exponent - 1, size * 10) }
    let hundredths = Int((size * 100).rounded())
    let fraction = hundredths % 100
    return (value < 0 ? "-" : "") + "\(hundredths / 100)." + (fraction < 10 ? "0" : "")
        + "\(fraction)e\(exponent)"
}

/// A time to wait, no more exact than it can be known.
func duration(_ seconds: Double) -> String {
    let whole = Int(max(1, seconds.rounded()))
    if whole < 60 { return "\(whole) s" }
    let minutes = Int((seconds / 60).rounded())
    return seconds < 3_600 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
}
