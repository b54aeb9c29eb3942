// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Who gets the connections that an `Acceptor` takes. All calls come on the loop's thread.
package protocol AcceptorDelegate: AnyObject {
    /// A connection came in on the listener with this index.
    func accepted(_ transport: consuming Transport, from peer: PeerAddress, listener: Int)
    /// A client has too many connections; this one is closed.
    func refused(_ peer: PeerAddress)
    /// There are as many connections as there may be; the next ones wait in the kernel's queue.
    func acceptFilled()
    /// The process is out of descriptors or memory (the error number); accepting pauses for a moment.
    func acceptFailed(code: CInt)
}

/// Accepts from one shared listener in one loop; being out of descriptors is weather: it backs off and goes
/// on.
///
/// The listener is registered in each loop with EPOLLEXCLUSIVE, so a new connection wakes one loop, not all.
package final class Acceptor: Channel {
    /// Connections taken in one turn: few, so that loops share a burst and open connections are not held up.
    private static let acceptsPerTurn = 4
    private static let pauseNanoseconds: UInt64 = 100_000_000

    package typealias Accept = @Sendable (Listener) -> AcceptResult

    private unowned let loop: EventLoop
    private unowned let delegate: any AcceptorDelegate
    private let listener: Listener
    private let index: Int
    private let accept: Accept
    private let limiter: ConnectionLimiter?
    private var isRegistered = false
    private var isClosed = false

    /// `accept` can be replaced by a test that makes the weather.
    package init(
        _ listener: Listener, index: Int, loop: EventLoop, delegate: any AcceptorDelegate,
        limiter: ConnectionLimiter? = nil, accept: @escaping Accept = { $0.accept() }
    ) {
        self.limiter = limiter
        self.listener = listener
        self.index = index
        self.loop = loop
        self.delegate = delegate
        self.accept = accept
        resume()
    }

    package func ready(_ readiness: Readiness) { take(limit: Self.acceptsPerTurn) }

    package func deadlineReached() { resume() }

    /// Goes on before the pause is over; for when a descriptor has become free.
    package func resume() {
        guard !isRegistered && !isClosed else { return }
        loop.clearDeadline(listener.number)
        isRegistered = loop.add(listener.number, self, .acceptsAmongOthers)
        // Registering needs memory: without any, try again after a pause.
        if !isRegistered { resumeLater() }
    }

    /// Takes everybody who is waiting, then ends listening, for the other loops too. Nobody who has connected
    /// is reset, and who connects later is refused. An inherited socket is only let go of: its owner's queue
    /// keeps those who wait, for our successor.
    package func close() {
        guard !isClosed else { return }
        if !listener.isInherited {
            listener.refuseConnections()
            take(limit: .max)
            listener.shutDown()
        }
        isClosed = true
        if isRegistered { loop.remove(listener.number) }
        isRegistered = false
    }

    private func take(limit: Int) {
        var taken = 0
        while taken < limit {
            // Who is in the queue when the server ends is served whatever the limit.
            if limit != .max, let limiter, limiter.isFull {
                pause()
                delegate.acceptFilled()
                return
            }
            switch accept(listener) {
            case .connection(let socket, let peer):
                taken += 1
                guard limiter?.admit(peer) ?? true else {
                    delegate.refused(peer)
                    continue
                }
                begin(socket, peer)
            case .gone:
                taken += 1
            case .none:
                return
            case .exhausted(let code):
                pause()
                delegate.acceptFailed(code: code)
                return
            }
        }
    }

    private func begin(_ socket: consuming Socket, _ peer: PeerAddress) {
        guard let tls = listener.tls else {
            return delegate.accepted(Transport(socket), from: peer, listener: index)
        }
        guard let session = tls.makeSession(socket.number) else {
            limiter?.release(peer)
            return delegate.acceptFailed(code: ENOMEM)
        }
        delegate.accepted(Transport(socket, session), from: peer, listener: index)
    }

    private func pause() {
        guard isRegistered else { return }
        // EPOLLEXCLUSIVE cannot be modified, only removed and added again.
        loop.remove(listener.number)
        isRegistered = false
        resumeLater()
    }

    private func resumeLater() {
        loop.schedule(at: loop.now.advanced(by: Self.pauseNanoseconds)) { [weak self] in self?.resume() }
    }
}
