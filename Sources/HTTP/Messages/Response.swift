// SPDX-License-Identifier: Apache-2.0
import Base

/// A media type for `Content-Type`.
package struct ContentType: Sendable {
    package let value: StaticString
    package init(_ value: StaticString) { self.value = value }

    /// Text in the wide sense: what compresses well.
    var isText: Bool {
        let text = value.bytes
        let end = text.firstIndex(of: .semicolon, in: 0..<text.count) ?? text.count
        let media = text.extracting(0..<end)
        return media.starts(with: "text/") || media.starts(with: "application/openmetrics")
            || (media.count >= 4 && media.extracting(media.count - 4..<media.count).equals("json"))
    }

    package static var json: ContentType { ContentType("application/json") }
    package static var text: ContentType { ContentType("text/plain; charset=utf-8") }
    package static var octetStream: ContentType { ContentType("application/octet-stream") }
    /// No Content-Type at all.
    package static var none: ContentType { ContentType("") }
}

/// The answer that a handler fills in. One per event loop, reused: what it holds is sent before the next
/// request.
///
/// The engine adds Content-Length, Date and Connection by itself.
package struct Response: ~Copyable {
    package var status: Status = .ok
    package var contentType: ContentType = .json
    package var body: ByteBuffer
    /// Close the connection after this answer.
    package var closesConnection = false
    /// The route's number for the observer's metrics; -1 when no route was found.
    package var route = -1
    /// The body's source when it is streamed; then `body` is not looked at.
    package var stream: (any BodyWriter)?
    /// False keeps a body that is compressed already from being compressed again.
    package var isCompressible = true
    /// Complete header lines with their CR LF.
    private(set) var headerLines: ByteBuffer

    package init() {
        body = ByteBuffer(capacity: 4096)
        headerLines = ByteBuffer(capacity: 256)
    }

    /// Forgets the last answer and keeps the memory, up to a megabyte of it.
    mutating func reset() {
        status = .ok
        contentType = .json
        closesConnection = false
        route = -1
        stream = nil
        isCompressible = true
        body.clear()
        body.releaseMemory(above: 1 << 20)
        headerLines.clear()
    }

    /// Adds a header line. Bytes that would break the line (CR, LF, NUL, other controls) become spaces.
    package mutating func addHeader(_ name: StaticString, _ value: String) {
        headerLines.append(name)
        headerLines.append(": ")
        for byte in value.utf8 { headerLines.append(byte.isFieldContent ? byte : .space) }
        headerLines.append("\r\n")
    }

    /// The same with a value that is known when the program is built.
    package mutating func addHeader(_ name: StaticString, _ value: StaticString) {
        headerLines.append(name)
        headerLines.append(": ")
        headerLines.append(value)
        headerLines.append("\r\n")
    }

    /// Replaces the body with `{"error":"<message>"}`.
    package mutating func fail(_ status: Status, _ message: String) {
        self.status = status
        contentType = .json
        body.clear()
        body.append("{\"error\":\"")
        for byte in message.utf8 { body.appendEscaped(byte) }
        body.append("\"}")
    }

    mutating func fail(_ status: Status, _ message: StaticString) {
        self.status = status
        contentType = .json
        body.clear()
        body.append("{\"error\":\"")
        body.append(message)
        body.append("\"}")
    }
}

extension ByteBuffer {
    /// One byte of a JSON string's content.
    fileprivate mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case 0x22: append("\\\"")
        case 0x5C: append("\\\\")
        case 0..<0x20:
            append("\\u00")
            append(byte < 0x10 ? 0x30 : 0x31)
            let low = byte & 15
            append(low < 10 ? 0x30 + low : 0x57 + low)
        default: append(byte)
        }
    }
}
