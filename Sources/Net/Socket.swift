// SPDX-License-Identifier: Apache-2.0
import Base
import CPosix
import Glibc

/// What one non-blocking read or write came to.
package enum IOResult: Equatable, Sendable {
    /// That many bytes moved; more than zero.
    case bytes(Int)
    /// Nothing can move now: the poller will tell.
    case wouldBlock
    /// The peer ended its side of the stream.
    case end
    /// The connection is gone; the error number.
    case failed(CInt)
}

/// A stream socket with one owner. No call here raises SIGPIPE, and each reads its own errno at once.
package struct Socket: ~Copyable {
    /// The descriptor's number; -1 after `close()`.
    package private(set) var number: CInt

    /// Takes over `number`; nobody else may close it.
    package init(owning number: CInt) { self.number = number }

    deinit { if number >= 0 { _ = Glibc.close(number) } }

    /// Connects, waiting at most `timeout`, which also bounds each later read and write: the socket is
    /// blocking.
    package static func connect(to address: Address, timeout: Duration) throws(NetError) -> Socket {
        let target = try SocketAddress(address)
        let type = CInt(SOCK_STREAM.rawValue | UInt32(SOCK_CLOEXEC.rawValue))
        let number = socket(target.family, type, 0)
        guard number >= 0 else { throw .system(SystemError("socket", on: address.description)) }
        let connection = Socket(owning: number)
        connection.setTimeouts(timeout)
        // Safe because the kernel only reads the address during the call.
        let result = unsafe target.withPointer { pointer, length in
            unsafe Glibc.connect(number, pointer, length)
        }
        if result != 0 {
            let code = errno
            if code == EINPROGRESS || code == EAGAIN {
                throw .timedOut(operation: "connect", peer: address.description)
            }
            throw .system(SystemError("connect", on: address.description, code: code))
        }
        connection.disableNagle()
        return connection
    }

    package mutating func close() {
        if number >= 0 { _ = Glibc.close(number) }
        number = -1
    }

    /// Appends at most `limit` bytes to `buffer` with one `recv`.
    package func receive(into buffer: inout ByteBuffer, limit: Int) -> IOResult {
        var result = IOResult.wouldBlock
        let descriptor = number
        // Safe because `room` has `limit` free bytes and the kernel writes at most so many.
        unsafe buffer.withFreeSpace(limit) { room in
            let count = unsafe cposix_receive(descriptor, room, UInt(limit))
            result = Self.outcome(count, zero: .end)
            return max(count, 0)
        }
        return result
    }

    /// Sends what the kernel takes of `bytes` with one `send`. An empty span sends nothing and reports
    /// `.bytes(0)`.
    package func send(_ bytes: Span<UInt8>) -> IOResult {
        if bytes.isEmpty { return .bytes(0) }
        // Safe because the kernel only reads the span's memory during the call.
        return unsafe bytes.withUnsafeBufferPointer { source in
            let count = unsafe cposix_send(number, source.baseAddress, UInt(source.count))
            return Self.outcome(count, zero: .wouldBlock)
        }
    }

    /// Says to the peer that nothing more will come; reading goes on.
    package func shutdownWrites() { _ = shutdown(number, CInt(SHUT_WR)) }

    /// Answers are sent whole: waiting for more to fill a packet only adds 40 ms (Nagle against delayed ACK).
    package func disableNagle() {
        var on: CInt = 1
        // Safe because the kernel only reads the local value during the call. Fails harmlessly on Unix
        // sockets.
        _ = unsafe setsockopt(
            number, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    }

    /// How long blocking reads, writes and connects may take. Not for sockets of an event loop.
    package func setTimeouts(_ timeout: Duration) {
        let nanoseconds = max(timeout.wholeNanoseconds, 1_000)
        var value = timeval(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_usec: Int(nanoseconds % 1_000_000_000 / 1_000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        // Safe because the kernel only reads the local value during the calls.
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &value, size)
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &value, size)
    }

    private static func outcome(_ count: Int, zero: IOResult) -> IOResult {
        if count > 0 { return .bytes(count) }
        if count == 0 { return zero }
        let code = errno
        return code == EAGAIN || code == EINTR ? .wouldBlock : .failed(code)
    }
}
