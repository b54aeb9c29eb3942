// SPDX-License-Identifier: Apache-2.0

/// The place of a request in a distributed trace, as a caller's `traceparent` header tells it (W3C Trace
/// Context, level 1).
///
///     00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
///     version, trace, the caller's span, flags; lower-case hexadecimal
package struct TraceContext: Sendable, Equatable {
    private static let length = 55

    /// Never zero.
    package let trace: UInt128
    /// The caller's span; never zero.
    package let parent: UInt64
    package let flags: UInt8

    /// The caller records this trace.
    package var isSampled: Bool { flags & 1 != 0 }

    /// 32 digits.
    package var traceText: String { Self.hexadecimal(trace, digits: 32) }
    /// 16 digits.
    package var parentText: String { Self.hexadecimal(UInt128(parent), digits: 16) }

    /// Nil when the header is not valid: then the trace starts here, as the specification wants it.
    package init?(_ header: Span<UInt8>) {
        guard header.count >= Self.length, header[2] == UInt8(ascii: "-"),
            header[35] == UInt8(ascii: "-"), header[52] == UInt8(ascii: "-"),
            let version = Self.number(header, 0..<2), version != 0xFF,
            let trace = Self.number(header, 3..<35), trace != 0,
            let parent = Self.number(header, 36..<52), parent != 0,
            let flags = Self.number(header, 53..<55)
        else { return nil }
        // Later versions may add fields behind another dash; version 0 has none.
        if header.count > Self.length {
            guard version > 0, header[Self.length] == UInt8(ascii: "-") else { return nil }
        }
        self.trace = trace
        self.parent = UInt64(truncatingIfNeeded: parent)
        self.flags = UInt8(truncatingIfNeeded: flags)
    }

    private static func number(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt128? {
        var number: UInt128 = 0
        for index in range {
            switch text[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt128(text[index] - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt128(text[index] - 0x57)
            default: return nil
            }
        }
        return number
    }

    private static func hexadecimal(_ number: UInt128, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}
