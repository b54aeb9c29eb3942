// SPDX-License-Identifier: Apache-2.0
import Base
import Synchronization

/// A line on the terminal that shows how far a run is.
///
/// State: shared (`Mutex`).
final class BatchProgress: Sendable {
    private struct State {
        var shown = MonotonicInstant.now
        var isShown = false
    }

    private let size: Int?
    private let started = MonotonicInstant.now
    private let state = Mutex(State())

    private static let intervalNanoseconds: UInt64 = 200_000_000

    /// - Parameter size: bytes of the input; nil when that is not known.
    init(size: Int?) { self.size = size }

    /// - Parameter records: nil when they are counted elsewhere.
    func advance(records: Int?, errors: Int, bytes: Int) {
        let now = MonotonicInstant.now
        let isDue = state.withLock { state in
            guard now.nanoseconds(since: state.shown) >= Self.intervalNanoseconds else { return false }
            state = State(shown: now, isShown: true)
            return true
        }
        guard isDue else { return }
        let elapsed = Double(now.nanoseconds(since: started)) / 1e9
        Console.errorText(
            "\r\u{1B}[K" + line(records: records, errors: errors, bytes: bytes, seconds: elapsed))
    }

    func line(records: Int?, errors: Int, bytes: Int, seconds: Double) -> String {
        var text: String
        if let records {
            text = "\(records) records"
            if errors > 0 { text += ", \(errors) bad" }
            text += ", \(Int(Double(records) / max(seconds, 0.001))) a second"
        } else {
            text = "\(bytes) bytes sent, \(Int(Double(bytes) / max(seconds, 0.001))) a second"
        }
        guard let size, size > 0, bytes > 0 else { return text }
        let done = min(1, Double(bytes) / Double(size))
        let filled = Int(done * 24)
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 24 - filled)
        let left = Int(seconds / done - seconds)
        return "[\(bar)] \(Int(done * 100)) %  \(text), \(left) s left"
    }

    /// Clears the line.
    func finish() { if state.withLock({ $0.isShown }) { Console.errorText("\r\u{1B}[K") } }
}
