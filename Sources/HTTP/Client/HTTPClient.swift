// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Net

/// A small blocking client for control tools and tests: one keep-alive connection to one server, one request
/// at a time.
///
/// Not for the daemon: it blocks its thread.
package struct HTTPClient: ~Copyable {
    let address: Address
    let timeout: Duration
    private let bodyBytesMax: Int
    var socket: Socket?
    var reader: ResponseReader

    /// `timeout` bounds connecting and each whole exchange.
    package init(_ address: Address, timeout: Duration = .seconds(30), bodyBytesMax: Int = 1 << 30) {
        self.address = address
        self.timeout = timeout
        self.bodyBytesMax = bodyBytesMax
        reader = ResponseReader(server: address.description, bodyBytesMax: bodyBytesMax)
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// A kept connection that the server has closed meanwhile is opened anew once, for methods that may be
    /// repeated.
    package mutating func send(
        _ method: Method, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws(HTTPClientError) -> ClientResponse {
        let request = try encode(method, target, headers, body)
        let isReused = socket != nil
        do {
            return try exchange(request, method)
        } catch HTTPClientError.broken where isReused && method != .post && method != .patch {
            return try exchange(request, method)
        }
    }

    /// Ends the kept connection.
    package mutating func close() { socket = nil }

    private func encode(
        _ method: Method, _ target: String, _ headers: [(String, String)], _ body: [UInt8]
    ) throws(HTTPClientError) -> [UInt8] {
        let hasBody = !body.isEmpty || method == .post || method == .put || method == .patch
        return try encodeHead(
            method, target, headers, framing: hasBody ? "Content-Length: \(body.count)\r\n" : "") + body
    }

    /// - Parameter framing: complete header lines.
    func encodeHead(
        _ method: Method, _ target: String, _ headers: [(String, String)], framing: String
    ) throws(HTTPClientError) -> [UInt8] {
        guard !target.isEmpty, target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .invalidRequest(
                reason: "the target '\(target)' has characters that must be percent-encoded")
        }
        var text = "\(method.name) \(target) HTTP/1.1\r\n"
        if !headers.contains(where: { $0.0.lowercased() == "host" }) {
            text += "Host: \(address.port == nil ? "localhost" : address.description)\r\n"
        }
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy(ASCIISet.token.contains),
                value.utf8.allSatisfy(\.isFieldContent)
            else { throw .invalidRequest(reason: "the header '\(name)' has characters that are not allowed") }
            text += "\(name): \(value)\r\n"
        }
        return Array((text + framing + "\r\n").utf8)
    }

    private mutating func exchange(_ request: [UInt8], _ method: Method) throws(HTTPClientError)
        -> ClientResponse
    {
        try connect()
        let deadline = MonotonicInstant.now.advanced(by: timeout.wholeNanoseconds)
        guard let connection = socket.take() else { throw .broken(server: address.description, code: 0) }
        // A server may answer early (413, say) and close: then the answer counts, not the broken pipe.
        let writeError = Self.write(request.span, to: connection, deadline)
        guard writeError != ETIMEDOUT else { throw .timedOut(server: address.description) }
        do {
            let (response, isKept) = try reader.read(connection, isHead: method == .head, deadline: deadline)
            if isKept, writeError == 0 { socket = consume connection }
            return response
        } catch {
            if writeError != 0, case .broken = error {
                throw .broken(server: address.description, code: writeError)
            }
            throw error
        }
    }

    mutating func connect() throws(HTTPClientError) {
        if socket != nil { return }
        do { socket = try Socket.connect(to: address, timeout: timeout) } catch { throw .connection(error) }
        reader.reset()
    }

    /// 0, or the error number.
    static func write(_ bytes: Span<UInt8>, to socket: borrowing Socket, _ deadline: MonotonicInstant) -> CInt
    {
        var sent = 0
        while sent < bytes.count {
            switch socket.send(bytes.extracting(sent..<bytes.count)) {
            case .bytes(let count): sent += count
            case .wouldBlock where MonotonicInstant.now >= deadline: return ETIMEDOUT
            case .wouldBlock: continue
            case .end: return EPIPE
            case .failed(let code): return code
            }
        }
        return 0
    }
}
