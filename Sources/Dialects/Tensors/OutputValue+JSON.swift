// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving

/// What a dialect writes where an answer is not a finite number.
enum NonFinitePolicy {
    /// NaN is `null`; an infinity cannot be written (Open Inference Protocol).
    case null
    /// `NaN`, `Infinity`, `-Infinity` as bare tokens (TensorFlow Serving).
    case tokens
}

extension OutputValue {
    /// Appends the value as JSON, floats by their shortest form that reads back to the same bits.
    ///
    /// - Returns: false, and nothing appended, when `nonFinite` has no way to write it.
    func appendJSON(to body: inout ByteBuffer, nonFinite: NonFinitePolicy) -> Bool {
        switch self {
        case .float32(let value) where value.isFinite: body.append(shortest: value)
        case .float64(let value) where value.isFinite: body.append(shortest: value)
        case .float32(let value): return Self.appendNonFinite(Double(value), to: &body, nonFinite)
        case .float64(let value): return Self.appendNonFinite(value, to: &body, nonFinite)
        case .integer(let value): body.append(decimal: value)
        case .text(let value): body.append(quoted: value)
        case .flag(let value): body.append(value ? "true" : "false")
        }
        return true
    }

    private static func appendNonFinite(
        _ value: Double, to body: inout ByteBuffer, _ policy: NonFinitePolicy
    ) -> Bool {
        switch policy {
        case .null:
            guard value.isNaN else { return false }
            body.append("null")
        case .tokens:
            body.append(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
        }
        return true
    }
}
