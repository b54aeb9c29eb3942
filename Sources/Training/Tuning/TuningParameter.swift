// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A setting that a search varies, by the name that options and configuration files call it.
package struct TuningParameter: Sendable, Equatable {
    package var name: String
    package var range: Range

    package enum Range: Sendable, Equatable {
        /// From the first to the second; `isLog`: every factor is as likely as every other.
        case real(Double, Double, isLog: Bool)
        case whole(Int, Int, isLog: Bool)
        case choice([String])
    }

    package init(_ name: String, _ range: Range) {
        self.name = name
        self.range = range
    }

    /// The value at `place` from 0 up to, not including, 1, as an option takes it. Real numbers have four
    /// digits: more say nothing, and people read them.
    func value(at place: Double) -> String {
        switch range {
        case .real(let low, let high, let isLog):
            return TuningParameter.rounded(TuningParameter.between(low, high, isLog, place)).description
        case .whole(let low, let high, let isLog):
            // Half a step beyond both ends, so that these are as likely as the others.
            let (first, last) = (Double(low) - 0.5, Double(high) + 0.5)
            let number = TuningParameter.between(isLog ? max(first, 0.5) : first, last, isLog, place)
            return "\(min(max(Int(number.rounded()), low), high))"
        case .choice(let values): return values[min(Int(place * Double(values.count)), values.count - 1)]
        }
    }

    private static func between(_ low: Double, _ high: Double, _ isLog: Bool, _ place: Double) -> Double {
        isLog ? exp(log(low) + place * (log(high) - log(low))) : low + place * (high - low)
    }

    private static func rounded(_ value: Double) -> Double {
        guard value != 0, value.isFinite else { return value }
        let digits = 3 - Int(floor(log10(abs(value))))
        // Powers of ten up to the 22nd are exact, and so are quotients and products by them rounded once.
        let scale = pow(10, Double(abs(digits)))
        return digits >= 0 ? (value * scale).rounded() / scale : (value / scale).rounded() * scale
    }
}
