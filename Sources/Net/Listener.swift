// SPDX-License-Identifier: Apache-2.0
import Base
import CPosix
import Glibc

/// What one attempt to accept came to.
package enum AcceptResult: ~Copyable {
    /// A new connection: non-blocking, closed on exec, TCP_NODELAY set.
    case connection(Socket)
    /// Nobody is waiting.
    case none
    /// This connection was gone before it was accepted; others may be waiting.
    case gone
    /// The process or the machine is out of something (descriptors, memory): weather, try again later.
    case exhausted(CInt)
}

/// A listening socket, shared by the event loops that accept from it; closed when the last of them lets go.
///
/// State: immutable.
package final class Listener: Sendable {
    private let descriptor: FileDescriptor
    /// Where it listens, with the port that the kernel chose for port 0.
    package let address: Address

    package var number: CInt { descriptor.number }

    package init(_ address: Address, backlog: CInt = 4096) throws(NetError) {
        let target = try SocketAddress(address)
        let type = CInt(SOCK_STREAM.rawValue | UInt32(SOCK_CLOEXEC.rawValue) | UInt32(SOCK_NONBLOCK.rawValue))
        let number = socket(target.family, type, 0)
        guard number >= 0 else { throw .system(SystemError("socket", on: address.description)) }
        descriptor = FileDescriptor(owning: number)
        var on: CInt = 1
        // Safe because the kernel only reads the local value during the call.
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        guard unsafe target.withPointer({ pointer, length in unsafe bind(number, pointer, length) }) == 0
        else {
            throw .system(SystemError("bind", on: address.description))
        }
        guard listen(number, backlog) == 0 else {
            throw .system(SystemError("listen", on: address.description))
        }
        if case .ip = address,
            let bound = unsafe SocketAddress(filledBy: { unsafe getsockname(number, $0, $1) })
        {
            self.address = bound.address
        } else {
            self.address = address
        }
    }

    deinit {
        // Safe because the path is copied into a C string for the call.
        if case .unix(let path) = address { _ = unsafe unlink(path) }
    }

    package func accept() -> AcceptResult {
        let number = cposix_accept(descriptor.number)
        if number >= 0 {
            let socket = Socket(owning: number)
            if case .ip = address { socket.disableNagle() }
            return .connection(socket)
        }
        let code = errno
        switch code {
        // EINVAL: another loop has shut the listener down.
        case EAGAIN, EINVAL: return .none
        case EMFILE, ENFILE, ENOMEM, ENOBUFS: return .exhausted(code)
        default: return .gone
        }
    }

    /// Lets no new connection be established; those that are wait to be accepted. Without this step, a client
    /// that connects between the last `accept` and the end of the listener would be reset with its request on
    /// the way.
    func refuseConnections() { _ = cposix_refuse_connections(descriptor.number) }

    /// Ends listening for all loops; who connects from now on is refused.
    func shutDown() { _ = shutdown(descriptor.number, CInt(SHUT_RDWR)) }
}
