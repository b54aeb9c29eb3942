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
        /// What the lines of all identifiers that are made here begin with.
        fileprivate let start: [UInt8]
        private var count: UInt64 = 0

        init() {
            var line = ByteBuffer(capacity: 32)
            line.append(RequestIdentifier.header)
            line.append(": ")
            RequestIdentifier.append(hexadecimal: .random(in: .min ... .max), to: &line)
            line.append("-")
            start = Array(copying: line.bytes)
        }

        fileprivate mutating func next() -> UInt64 {
            count &+= 1
            return count
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
        if let given, Self.isWellFormed(given) {
            line.append(Self.header)
            line.append(": ")
            line.append(given)
        } else {
            line.append(source.start.span)
            Self.append(hexadecimal: source.next(), to: &line)
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

    private static func append(hexadecimal number: UInt64, to line: inout ByteBuffer) {
        line.append(bigEndian: digits(of: UInt32(truncatingIfNeeded: number >> 32)))
        line.append(bigEndian: digits(of: UInt32(truncatingIfNeeded: number)))
    }

    /// Eight digits at once, each in a byte of a word.
    private static func digits(of number: UInt32) -> UInt64 {
        var digits = UInt64(number)
        digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff
        digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff
        digits = (digits | digits << 4) & 0x0f0f_0f0f_0f0f_0f0f
        // A digit above 9 carries into the upper half of its byte when 6 is added.
        let letters = ((digits &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return digits &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }
}
