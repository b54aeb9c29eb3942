// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Writes an answer's head: status line, Date, the content's lines, the handler's own lines, Connection.
struct ResponseWriter: ~Copyable {
    /// `Date: …` and, when configured, `Server: …`, ready to be copied.
    private var fixedLines = ByteBuffer(capacity: 128)
    private let serverLine: String
    private var second: time_t = -1

    init(server: String?) {
        serverLine = server.map { "Server: \($0)\r\n" } ?? ""
    }

    /// Call once in each turn of the loop; formats only when the second has changed.
    mutating func updateDate() {
        var time = timespec()
        // Safe because the kernel only writes into the local value.
        _ = unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        if time.tv_sec == second { return }
        second = time.tv_sec
        fixedLines.clear()
        fixedLines.append("Date: ")
        fixedLines.append(Self.date(second))
        fixedLines.append("\r\n")
        fixedLines.append(serverLine)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110, section 5.6.7); never depends on the locale.
    static func date(_ seconds: time_t) -> String {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        let date = CalendarDay(daysSince1970: days)
        let weekday = ((days % 7) + 11) % 7
        let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(names[weekday]), \(two(date.day)) \(months[date.month - 1]) \(date.year) "
            + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT"
    }

    /// `identifier`: a complete header line, or nothing.
    func writeHead(
        _ response: borrowing Response, _ answer: AnswerForm, _ identifier: borrowing RequestIdentifier,
        into output: inout ByteBuffer
    ) {
        let hasContent = !response.status.forbidsContent
        writeStatusLine(response.status, into: &output)
        output.append(fixedLines.bytes)
        if hasContent { writeContentLines(response.contentType, answer, into: &output) }
        if !identifier.line.isEmpty { output.append(identifier.line.bytes) }
        if !response.headerLines.isEmpty { output.append(response.headerLines.bytes) }
        if hasContent { writeFraming(answer.framing, into: &output) }
        switch answer.connection {
        case .unsaid: output.append("\r\n")
        case .close: output.append("Connection: close\r\n\r\n")
        case .keepAlive: output.append("Connection: keep-alive\r\n\r\n")
        }
    }

    private func writeContentLines(
        _ type: ContentType, _ answer: AnswerForm, into output: inout ByteBuffer
    ) {
        if type.value.utf8CodeUnitCount > 0 {
            output.append("Content-Type: ")
            output.append(type.value)
            output.append("\r\n")
        }
        if answer.coding != .identity {
            output.append("Content-Encoding: ")
            output.append(answer.coding.name)
            output.append("\r\n")
        }
        if answer.varies { output.append("Vary: Accept-Encoding\r\n") }
    }

    private func writeFraming(_ framing: AnswerForm.Framing, into output: inout ByteBuffer) {
        switch framing {
        case .length(let length):
            output.append("Content-Length: ")
            output.append(decimal: Int64(length))
            output.append("\r\n")
        case .chunked: output.append("Transfer-Encoding: chunked\r\n")
        case .untilClose: break
        }
    }

    private func writeStatusLine(_ status: Status, into output: inout ByteBuffer) {
        if status == .ok {
            output.append("HTTP/1.1 200 OK\r\n")
            return
        }
        output.append("HTTP/1.1 ")
        output.append(decimal: UInt64(status.code))
        output.append(" ")
        output.append(status.reason)
        output.append("\r\n")
    }
}
