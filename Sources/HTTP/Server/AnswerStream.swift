// SPDX-License-Identifier: Apache-2.0
import Base

/// An answer's body on its way from a writer.
///
/// State: owned by the loop's thread.
final class AnswerStream {
    let writer: any BodyWriter
    let signal: StreamSignal
    /// False: HTTP/1.0, where the body goes on until the connection ends.
    let isChunked: Bool
    let coder: ResponseCoder?
    /// The connection ends after it.
    let ends: Bool
    let keepsAlive: Bool
    let status: Status
    let route: Int
    let started: MonotonicInstant
    /// The piece that is being made.
    var piece = ByteBuffer()
    var byteCount = 0

    /// How much a writer is asked for at a time.
    static let pieceBytes = 65_536
    /// How much goes out in one turn of the loop before other connections have theirs.
    static let turnBytes = 1 << 20

    init(
        _ writer: any BodyWriter, _ signal: StreamSignal, _ answer: AnswerForm, coder: ResponseCoder?,
        response: borrowing Response, keepsAlive: Bool, started: MonotonicInstant
    ) {
        self.writer = writer
        self.signal = signal
        isChunked = answer.framing == .chunked
        self.coder = coder
        ends = answer.connection == .close
        self.keepsAlive = keepsAlive
        status = response.status
        route = response.route
        self.started = started
    }

    /// Moves the piece into `output`, compressed and framed as the client was told.
    func frame(isLast: Bool, into output: inout ByteBuffer) {
        byteCount += piece.count
        if let coder {
            coder.write(piece.bytes)
            if isLast { coder.finish() } else if !piece.isEmpty { coder.flush() }
            append(coder.output.bytes, to: &output)
            coder.output.clear()
        } else {
            append(piece.bytes, to: &output)
        }
        piece.clear()
        guard isLast, isChunked else { return }
        output.append("0\r\n")
        writer.writeTrailers(into: &output)
        output.append("\r\n")
    }

    /// An empty chunk would end the body, so nothing is nothing.
    private func append(_ bytes: Span<UInt8>, to output: inout ByteBuffer) {
        if bytes.isEmpty { return }
        guard isChunked else { return output.append(bytes) }
        output.appendHexadecimal(bytes.count)
        output.append("\r\n")
        output.append(bytes)
        output.append("\r\n")
    }
}

extension ByteBuffer {
    /// A number in hexadecimal, for the size of a chunk.
    fileprivate mutating func appendHexadecimal(_ number: Int) {
        var shift = 60
        while shift > 0, number >> shift == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8(number >> shift & 15)
            append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            shift -= 4
        }
    }
}
