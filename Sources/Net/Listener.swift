// SPDX-License-Identifier: Apache-2.0
import Base
import CPosix
import Glibc

/// What one attempt to accept came to.
package enum AcceptResult: ~Copyable {
    /// A new connection: non-blocking, closed on exec, TCP_NODELAY set; and where it comes from.
    case connection(Socket, PeerAddress)
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
    /// Nil: plain.
    package let tls: TLSServer?
    /// Somebody else bound it and listens when we do not any more: nothing is done to it that outlives us.
    let isInherited: Bool
    /// The file of a Unix-domain socket that we made, to be removed at the end.
    private let file: UnixSocketFile?

    package var number: CInt { descriptor.number }

    package convenience init(_ address: Address, backlog: CInt = 4096) throws(NetError) {
        try self.init(ListenerSettings(.address(address)), backlog: backlog)
    }

    package init(_ settings: ListenerSettings, backlog: CInt) throws(NetError) {
        tls = settings.tls
        switch settings.source {
        case .address(let address):
            descriptor = FileDescriptor(owning: try Self.makeSocket(address))
            file = try Self.bind(descriptor.number, address, mode: settings.unixMode)
            isInherited = false
        case .inherited(let number):
            descriptor = FileDescriptor(owning: number)
            file = nil
            isInherited = true
            try Self.prepareInherited(number)
        }
        // For an inherited socket, too: it sets the length of the queue.
        guard listen(descriptor.number, backlog) == 0 else {
            throw .system(SystemError("listen", on: Self.name(settings.source)))
        }
        let number = descriptor.number
        // Safe because the kernel writes into the value being made only.
        if case .address(.unix(let path)) = settings.source {
            address = .unix(path: path)
        } else if let bound = unsafe SocketAddress(filledBy: { unsafe getsockname(number, $0, $1) }) {
            address = bound.address
        } else {
            throw .system(SystemError("getsockname", on: Self.name(settings.source)))
        }
    }

    deinit { file?.remove() }

    package func accept() -> AcceptResult {
        var peer = cposix_peer()
        // Safe because the kernel's answer is written into the local value only.
        let number = unsafe cposix_accept(descriptor.number, &peer)
        if number >= 0 {
            let socket = Socket(owning: number)
            if peer.family != 0 { socket.disableNagle() }
            return .connection(socket, PeerAddress(peer))
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

    private static func makeSocket(_ address: Address) throws(NetError) -> CInt {
        let family = try SocketAddress(address).family
        let type = CInt(SOCK_STREAM.rawValue | UInt32(SOCK_CLOEXEC.rawValue) | UInt32(SOCK_NONBLOCK.rawValue))
        let number = socket(family, type, 0)
        guard number >= 0 else { throw .system(SystemError("socket", on: address.description)) }
        return number
    }

    private static func bind(
        _ number: CInt, _ address: Address, mode: UInt32
    ) throws(NetError) -> UnixSocketFile? {
        if case .unix(let path) = address { return try UnixSocketFile(path, bindingTo: number, mode: mode) }
        var on: CInt = 1
        // Safe because the kernel only reads the local value during the call.
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        let target = try SocketAddress(address)
        guard
            unsafe target.withPointer({ pointer, length in unsafe Glibc.bind(number, pointer, length) }) == 0
        else { throw .system(SystemError("bind", on: address.description)) }
        return nil
    }

    /// What the service manager hands over may be anything; only a listening stream socket will do.
    private static func prepareInherited(_ number: CInt) throws(NetError) {
        func option(_ name: CInt) -> CInt {
            var value: CInt = -1
            var size = socklen_t(MemoryLayout<CInt>.size)
            // Safe because the kernel writes at most `size` bytes, the local value's own.
            let result = unsafe getsockopt(number, SOL_SOCKET, name, &value, &size)
            return result == 0 ? value : -1
        }
        let flags = fcntl(number, F_GETFL)
        guard flags >= 0, option(SO_TYPE) == CInt(SOCK_STREAM.rawValue), option(SO_ACCEPTCONN) == 1 else {
            throw .notAListener(descriptor: number)
        }
        _ = fcntl(number, F_SETFL, flags | O_NONBLOCK)
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    }

    private static func name(_ source: ListenerSettings.Source) -> String {
        switch source {
        case .address(let address): address.description
        case .inherited(let number): "descriptor \(number)"
        }
    }
}
