// SPDX-License-Identifier: Apache-2.0
import Base
import Net

/// Reads answers from a blocking socket: Content-Length, chunked, or up to the end of the connection.
struct ResponseReader: ~Copyable {
    private static let headBytesMax = 65_536

    private let server: String
    private let bodyBytesMax: Int
    private var input = ByteBuffer(capacity: 16_384)
    /// Everything before has been used.
    private var position = 0

    init(server: String, bodyBytesMax: Int) {
        self.server = server
        self.bodyBytesMax = bodyBytesMax
    }

    mutating func reset() {
        input.clear()
        position = 0
    }

    /// Reads one final answer (1xx are skipped); the flag tells whether the connection can be used again.
    ///
    /// - Parameter sink: takes the body of a 200 piece by piece; then `body` stays empty.
    mutating func read(
        _ socket: borrowing Socket, isHead: Bool, deadline: MonotonicInstant, sink: (any BodySink)? = nil
    ) throws(HTTPClientError) -> (ClientResponse, Bool) {
        while true {
            var response = ClientResponse(status: 0, headers: [], body: [])
            let isHTTP11 = try readStatusLine(socket, &response, deadline)
            try readHeaders(socket, &response, deadline)
            if response.status < 200 { continue }
            let options = response.headers.filter { $0.name.lowercased() == "connection" }
                .map { $0.value.lowercased() }
            var isKept = isHTTP11 ? !options.contains("close") : options.contains("keep-alive")
            if isHead || response.status == 204 || response.status == 304 { return (response, isKept) }
            let sink = response.status == 200 ? sink : nil
            let isChunked = response.header("transfer-encoding")?.lowercased() == "chunked"
            if isChunked {
                try readChunks(socket, &response, sink, deadline)
            } else if let text = response.header("content-length") {
                guard let length = Int(text), length >= 0 else {
                    throw malformed("its Content-Length is '\(text)'")
                }
                try readBody(socket, &response.body, sink, length, deadline)
            } else {
                try readToEnd(socket, &response.body, sink, deadline)
                isKept = false
            }
            input.removeFirst(position)
            position = 0
            return (response, isKept)
        }
    }

    private mutating func readStatusLine(
        _ socket: borrowing Socket, _ response: inout ClientResponse, _ deadline: MonotonicInstant
    ) throws(HTTPClientError) -> Bool {
        let line = try readLine(socket, deadline)
        let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]), status >= 100,
            status <= 999
        else { throw malformed("its first line is '\(line.prefix(80))'") }
        response.status = status
        return words[0] != "HTTP/1.0"
    }

    /// Header lines up to an empty line; also trailers.
    private mutating func readHeaders(
        _ socket: borrowing Socket, _ response: inout ClientResponse, _ deadline: MonotonicInstant
    ) throws(HTTPClientError) {
        while true {
            let line = try readLine(socket, deadline)
            if line.isEmpty { return }
            guard let colon = line.firstIndex(of: ":") else { throw malformed("a header has no colon") }
            var value = line[line.index(after: colon)...]
            while let first = value.first, first == " " || first == "\t" { value.removeFirst() }
            while let last = value.last, last == " " || last == "\t" { value.removeLast() }
            response.headers.append((String(line[..<colon]), String(value)))
            guard response.headers.count <= 1_000 else { throw malformed("it has more than 1,000 headers") }
        }
    }

    private mutating func readChunks(
        _ socket: borrowing Socket, _ response: inout ClientResponse, _ sink: (any BodySink)?,
        _ deadline: MonotonicInstant
    ) throws(HTTPClientError) {
        while true {
            let line = try readLine(socket, deadline)
            let digits = line.prefix { $0 != ";" && $0 != " " }
            guard !digits.isEmpty, let size = Int(digits, radix: 16), size >= 0 else {
                throw malformed("a chunk's size is '\(line.prefix(40))'")
            }
            if size == 0 { break }
            try readBody(socket, &response.body, sink, size, deadline)
            guard try readLine(socket, deadline).isEmpty else {
                throw malformed("a chunk does not end with CR LF")
            }
        }
        try readHeaders(socket, &response, deadline)
    }

    private mutating func readBody(
        _ socket: borrowing Socket, _ body: inout [UInt8], _ sink: (any BodySink)?, _ length: Int,
        _ deadline: MonotonicInstant
    ) throws(HTTPClientError) {
        guard sink != nil || length <= bodyBytesMax - body.count else {
            throw .responseTooLarge(server: server, limit: bodyBytesMax)
        }
        var left = length
        while left > 0 {
            if position == input.count { try fill(socket, deadline) }
            left -= try take(&body, sink, limit: left)
        }
    }

    private mutating func readToEnd(
        _ socket: borrowing Socket, _ body: inout [UInt8], _ sink: (any BodySink)?,
        _ deadline: MonotonicInstant
    ) throws(HTTPClientError) {
        while true {
            _ = try take(&body, sink, limit: .max)
            guard body.count <= bodyBytesMax else {
                throw .responseTooLarge(server: server, limit: bodyBytesMax)
            }
            do {
                try fill(socket, deadline)
            } catch HTTPClientError.broken(_, code: 0) { return }
        }
    }

    private mutating func take(
        _ body: inout [UInt8], _ sink: (any BodySink)?, limit: Int
    ) throws(HTTPClientError) -> Int {
        let count = min(limit, input.count - position)
        let end = position + count
        if let sink {
            let isTaken = sink.take(input.bytes.extracting(position..<end))
            position = end
            guard isTaken else { throw .broken(server: server, code: 0) }
            return count
        }
        for index in position..<end { body.append(input.bytes[index]) }
        position = end
        return count
    }

    /// The next line without its end; the line end must be CR LF.
    private mutating func readLine(
        _ socket: borrowing Socket, _ deadline: MonotonicInstant
    ) throws(HTTPClientError) -> String {
        while true {
            if let end = input.bytes.firstIndex(of: .lineFeed, in: position..<input.count) {
                guard end > position, input.bytes[end - 1] == .carriageReturn else {
                    throw malformed("a line does not end with CR LF")
                }
                let line = input.bytes.extracting(position..<(end - 1)).text
                position = end + 1
                return line
            }
            guard input.count - position <= Self.headBytesMax else { throw malformed("a line is too long") }
            try fill(socket, deadline)
        }
    }

    private mutating func fill(_ socket: borrowing Socket, _ deadline: MonotonicInstant)
        throws(HTTPClientError)
    {
        if position == input.count { reset() }
        while true {
            switch socket.receive(into: &input, limit: 65_536) {
            case .bytes: return
            case .end: throw .broken(server: server, code: 0)
            case .failed(let code): throw .broken(server: server, code: code)
            case .wouldBlock where MonotonicInstant.now >= deadline: throw .timedOut(server: server)
            case .wouldBlock: continue
            }
        }
    }

    private func malformed(_ reason: String) -> HTTPClientError {
        .malformedResponse(server: server, reason: reason)
    }
}
