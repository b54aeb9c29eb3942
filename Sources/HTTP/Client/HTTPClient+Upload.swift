// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Net

/// Takes the body of an answer piece by piece.
package protocol BodySink: AnyObject {
    /// False: no more of it is wanted.
    func take(_ bytes: Span<UInt8>) -> Bool
}

/// Gives the body of a request piece by piece.
package protocol BodySource: AnyObject {
    /// Appends the next piece to `piece`; what it appends is nothing at the end. False: there will be no end.
    func give(_ piece: inout ByteBuffer) -> Bool
}

extension HTTPClient {
    /// Sends a POST whose body comes out of `source`, in chunks, and then hands the body of a 200 to `sink`.
    /// Any size needs little memory; the timeout bounds each wait, not the whole.
    ///
    /// A server that answers before it has read everything is listened to at once.
    ///
    /// - Returns: the answer, trailers among its headers; with a body when its status is not 200.
    package mutating func upload(
        _ target: String, headers: [(String, String)], from source: any BodySource, to sink: any BodySink
    ) throws(HTTPClientError) -> ClientResponse {
        let head = try encodeHead(.post, target, headers, framing: "Transfer-Encoding: chunked\r\n")
        try connect()
        guard let connection = socket.take() else { throw .broken(server: address.description, code: 0) }
        var writeError = Self.write(head.span, to: connection, deadline)
        var piece = ByteBuffer()
        var framed = ByteBuffer()
        while writeError == 0, !Self.hasAnswer(connection) {
            piece.clear()
            framed.clear()
            guard source.give(&piece) else { throw .broken(server: address.description, code: 0) }
            if !piece.isEmpty {
                framed.append(String(piece.count, radix: 16) + "\r\n")
                framed.append(piece.bytes)
                framed.append("\r\n")
            } else {
                framed.append("0\r\n\r\n")
            }
            writeError = Self.write(framed.bytes, to: connection, deadline)
            if piece.isEmpty { break }
        }
        guard writeError != ETIMEDOUT else { throw .timedOut(server: address.description) }
        do {
            return try reader.read(connection, isHead: false, deadline: deadline, sink: sink).0
        } catch {
            if writeError != 0, case .broken = error {
                throw .broken(server: address.description, code: writeError)
            }
            throw error
        }
    }

    /// Waits end by the socket's own timeout, so that this is how long nothing may come or go.
    private var deadline: MonotonicInstant { .now.advanced(by: timeout.wholeNanoseconds) }

    private static func hasAnswer(_ socket: borrowing Socket) -> Bool {
        var entry = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        // Safe because poll only reads and writes the one entry.
        return unsafe poll(&entry, 1, 0) > 0
    }
}
