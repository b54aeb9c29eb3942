// SPDX-License-Identifier: Apache-2.0
import Base

/// How a connection's bytes travel: on the socket as they are, or by TLS. Costs a plain connection one test
/// of a pointer a call.
package struct Transport: ~Copyable {
    private var socket: Socket
    /// Nil on a plain connection.
    package let session: TLSSession?

    package init(_ socket: consuming Socket, _ session: TLSSession? = nil) {
        self.socket = socket
        self.session = session
    }

    /// The descriptor's number; -1 after `close()`.
    package var number: CInt { socket.number }

    /// More input is here than the poller knows of: do not wait for it.
    package var hasBufferedInput: Bool { session?.hasBufferedInput ?? false }

    /// Input can only go on when the socket takes bytes: the handshake's own answer waits.
    package var waitsForWritable: Bool { session?.waitsForWritable ?? false }

    /// Appends at most `limit` bytes to `buffer`.
    package func receive(into buffer: inout ByteBuffer, limit: Int) -> IOResult {
        if let session { return session.receive(into: &buffer, limit: limit) }
        return socket.receive(into: &buffer, limit: limit)
    }

    /// Sends what the socket takes of `bytes`; what is left must be the start of the next call's bytes.
    package func send(_ bytes: Span<UInt8>) -> IOResult {
        if let session { return session.send(bytes) }
        return socket.send(bytes)
    }

    /// The same with the `range` of `buffer`.
    package func send(_ buffer: borrowing ByteBuffer, _ range: Range<Int>) -> IOResult {
        send(buffer.bytes.extracting(range))
    }

    /// Reads what a client sends that is not listened to any more; TLS is not decrypted for it.
    package func discard(into buffer: inout ByteBuffer, limit: Int) -> IOResult {
        socket.receive(into: &buffer, limit: limit)
    }

    /// Says to the peer that nothing more will come.
    package func shutdownWrites() {
        session?.sayGoodbye()
        socket.shutdownWrites()
    }

    package mutating func close() { socket.close() }
}
