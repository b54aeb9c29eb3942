// SPDX-License-Identifier: Apache-2.0
internal import Base
package import Glibc

/// One line being written. What comes from outside is escaped alike in both formats.
package struct LogLine: ~Copyable {
    /// Bytes of one value that are kept; a reason may quote a file, a line must stay a line.
    static let valueLimit = 4096

    private let format: LogFormat
    private var buffer = ByteBuffer(capacity: 256)

    init(_ format: LogFormat) { self.format = format }

    var text: String { String(copying: buffer.bytes) }

    mutating func begin(at time: timespec, level: LogLevel, message: StaticString) {
        switch format {
        case .text:
            append(time)
            buffer.append(" \(level.name) ")
            buffer.append(message)
        case .json:
            buffer.append("{\"time\":\"")
            append(time)
            buffer.append("\",\"level\":\"\(level.name)\",\"message\":")
            appendQuoted("\(message)")
        }
    }

    /// `key` is our own: letters and underscores.
    package mutating func append(_ key: StaticString, _ value: LogValue) {
        switch format {
        case .text:
            buffer.append(" \(key)=")
            if case .string(let string) = value, Self.isBare(string) {
                buffer.append(string)
                return
            }
        case .json: buffer.append(",\"\(key)\":")
        }
        switch value {
        case .string(let string): appendQuoted(string)
        case .integer(let integer): buffer.append("\(integer)")
        case .boolean(let boolean): buffer.append(boolean ? "true" : "false")
        case .number(let number):
            if number.isFinite { buffer.append("\(number)") } else { appendQuoted("\(number)") }
        }
    }

    mutating func end() {
        switch format {
        case .text: buffer.append("\n")
        case .json: buffer.append("}\n")
        }
    }

    /// Writes the line whole. A failed write is dropped: there is nowhere to report it.
    borrowing func write(to descriptor: CInt) {
        try? FileDescriptor.write(buffer.bytes, to: descriptor, path: "")
    }

    /// The present, by the system's wall clock.
    package static func systemTime() -> timespec {
        var time = timespec()
        // Safe because the kernel writes only the struct, which lives through the call.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return time
    }

    /// Text that needs no quotes: it cannot be taken for two fields, or for another kind of value's end.
    private static func isBare(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"),
                    UInt8(ascii: ":"), UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "%"):
                    true
                default: false
                }
            }
    }

    private mutating func appendQuoted(_ text: String) {
        buffer.append("\"")
        var length = 0
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            if length > Self.valueLimit {
                buffer.append("…")
                break
            }
            appendEscaped(scalar)
        }
        buffer.append("\"")
    }

    private mutating func appendEscaped(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": buffer.append("\\\"")
        case "\\": buffer.append("\\\\")
        case "\n": buffer.append("\\n")
        case "\r": buffer.append("\\r")
        case "\t": buffer.append("\\t")
        case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}",
            // Line and paragraph separators, and the marks that turn the direction of writing.
            "\u{2028}", "\u{2029}", "\u{200E}", "\u{200F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
            let digits = String(scalar.value, radix: 16)
            buffer.append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
        default: buffer.append(String(scalar))
        }
    }

    /// RFC 3339 in UTC with milliseconds.
    private mutating func append(_ time: timespec) {
        let seconds = Int64(time.tv_sec)
        let days = seconds.quotientFloored(by: 86400)
        let second = seconds - days * 86400
        let date = CalendarDay(daysSince1970: Int(days))
        append(Int64(date.year), digits: 4)
        buffer.append("-")
        append(Int64(date.month), digits: 2)
        buffer.append("-")
        append(Int64(date.day), digits: 2)
        buffer.append("T")
        append(second / 3600, digits: 2)
        buffer.append(":")
        append(second / 60 % 60, digits: 2)
        buffer.append(":")
        append(second % 60, digits: 2)
        buffer.append(".")
        append(Int64(time.tv_nsec) / 1_000_000, digits: 3)
        buffer.append("Z")
    }

    private mutating func append(_ number: Int64, digits: Int) {
        let text = "\(number)"
        buffer.append(String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text)
    }
}

extension Int64 {
    fileprivate func quotientFloored(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
