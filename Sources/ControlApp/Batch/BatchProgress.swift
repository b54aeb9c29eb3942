// SPDX-License-Identifier: Apache-2.0
import Base

/// A line on the terminal that shows how far a run is.
///
/// State: used by the thread whose turn it is to write.
final class BatchProgress: @unchecked Sendable {
    // Safe because the run calls it in turns.
    private let size: Int?
    private let started = MonotonicInstant.now
    private var shown = MonotonicInstant.now
    private var isShown = false

    private static let intervalNanoseconds: UInt64 = 200_000_000

    /// - Parameter size: bytes of the input; nil when that is not known.
    init(size: Int?) { self.size = size }

    func advance(records: Int, errors: Int, bytes: Int) {
        let now = MonotonicInstant.now
        guard now.nanoseconds(since: shown) >= Self.intervalNanoseconds else { return }
        shown = now
        isShown = true
        let elapsed = Double(now.nanoseconds(since: started)) / 1e9
        Console.errorText(
            "\r\u{1B}[K" + line(records: records, errors: errors, bytes: bytes, seconds: elapsed))
    }

    func line(records: Int, errors: Int, bytes: Int, seconds: Double) -> String {
        var text = "\(records) records"
        if errors > 0 { text += ", \(errors) bad" }
        text += ", \(Int(Double(records) / max(seconds, 0.001))) a second"
        guard let size, size > 0, bytes > 0 else { return text }
        let done = min(1, Double(bytes) / Double(size))
        let filled = Int(done * 24)
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 24 - filled)
        let left = Int(seconds / done - seconds)
        return "[\(bar)] \(Int(done * 100)) %  \(text), \(left) s left"
    }

    /// Clears the line.
    func finish() { if isShown { Console.errorText("\r\u{1B}[K") } }
}
