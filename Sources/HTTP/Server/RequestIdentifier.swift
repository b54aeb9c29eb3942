// SPDX-License-Identifier: Apache-2.0
import Base

/// The name by which a request is found again in logs: the client's own, when it is well-formed, else one
/// made here. Its answer carries it.
///
/// Made ones are a random prefix of the loop and a count; making one costs no allocation.
struct RequestIdentifier: ~Copyable {
    static let header: StaticString = "X-Request-Id"
    /// Longer ones are not taken over.
    static let byteCountMax = 128

    /// Counts the identifiers that one loop makes.
    struct Source {
        private let prefix = UInt64.random(in: .min ... .max)
        private var count: UInt64 = 0

        fileprivate mutating func next() -> (prefix: UInt64, count: UInt64) {
            count &+= 1
            return (prefix, count)
        }
    }

    /// `X-Request-Id: <identifier>` with its CR LF; empty before the first choice.
    private(set) var line = ByteBuffer(capacity: 160)

    /// The identifier alone.
    var text: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let bytes = line.bytes
            let start = min(Self.header.utf8CodeUnitCount + 2, bytes.count)
            return bytes.extracting(start..<max(bytes.count - 2, start))
        }
    }

    /// Chooses for the next answer. `given`: what the client calls its request.
    mutating func choose(_ given: Span<UInt8>?, _ source: inout Source) {
        line.clear()
        line.append(Self.header)
        line.append(": ")
        if let given, Self.isWellFormed(given) {
            line.append(given)
        } else {
            let made = source.next()
            appendHexadecimal(made.prefix)
            line.append("-")
            appendHexadecimal(made.count)
        }
        line.append("\r\n")
    }

    /// Letters, digits and a few signs that mean nothing in a log, a shell or HTML.
    static func isWellFormed(_ text: Span<UInt8>) -> Bool {
        guard !text.isEmpty, text.count <= byteCountMax else { return false }
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."),
                UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "="):
                continue
            default: return false
            }
        }
        return true
    }

    private mutating func appendHexadecimal(_ number: UInt64) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: number >> shift & 15)
            line.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }
}
