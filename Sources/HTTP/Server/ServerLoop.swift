// SPDX-License-Identifier: Apache-2.0
import Base
import Net

/// What the connections of one event loop share: handler, observer, the answer being made, spare workspaces.
///
/// State: owned by the loop's thread.
final class ServerLoop: AcceptorDelegate {
    /// Timeouts as the wheel wants them.
    struct Nanoseconds {
        let head, body, handler, idle, write, linger, lastCall: UInt64

        init(_ timeouts: HTTPServer.Timeouts) {
            head = timeouts.head.wholeNanoseconds
            body = timeouts.body.wholeNanoseconds
            handler = timeouts.handler.wholeNanoseconds
            idle = timeouts.idle.wholeNanoseconds
            write = timeouts.write.wholeNanoseconds
            linger = timeouts.linger.wholeNanoseconds
            lastCall = timeouts.lastCall.wholeNanoseconds
        }
    }

    private static let spareWorkspacesMax = 32
    private static let spareDeferredMax = 32
    private static let spareDecodersMax = 4

    /// Strong: the loop lets go of its owner when it ends, which undoes the cycle.
    let loop: EventLoop
    let configuration: HTTPServer.Configuration
    let timeouts: Nanoseconds
    let handler: any RequestHandler
    /// The same, when it wants a say in how bodies come.
    let bodyReceiver: (any BodyReceivingHandler)?
    let observer: (any ServerObserver)?
    var writer: ResponseWriter
    var response = Response()
    var identifiers = RequestIdentifier.Source()
    let coders = ResponseCoderPool()
    /// Where bytes of lingering connections go before they are forgotten.
    var discarded = ByteBuffer(capacity: 0)
    private(set) var isDraining = false
    private var acceptors: [Acceptor] = []
    private var areListenersClosed = false
    private var spareWorkspaces: [Workspace] = []
    private var spareDeferred: [DeferredRequest] = []
    private var spareDecoders: [BodyDecoder] = []
    private var connectionCount = 0

    init(
        _ loop: EventLoop, _ configuration: HTTPServer.Configuration, handler: any RequestHandler,
        observer: (any ServerObserver)?
    ) {
        self.loop = loop
        self.configuration = configuration
        self.handler = handler
        bodyReceiver = handler as? any BodyReceivingHandler
        self.observer = observer
        timeouts = Nanoseconds(configuration.timeouts)
        writer = ResponseWriter(server: configuration.serverHeader)
        writer.updateDate()
    }

    /// Starts to accept; the loop owns this object from now on.
    func open(_ listeners: [Listener]) {
        loop.owner = self
        loop.onTurn = { [unowned self] in writer.updateDate() }
        for (index, listener) in listeners.enumerated() {
            acceptors.append(
                Acceptor(
                    listener, index: index, loop: loop, delegate: self, limiter: configuration.limiter,
                    accept: configuration.accept))
        }
    }

    // MARK: Connections

    func accepted(_ transport: consuming Transport, from peer: PeerAddress, listener: Int) {
        let origin = RequestOrigin(listener: listener, peer: peer)
        let connection = ServerConnection(transport, server: self, origin: origin)
        guard connection.open() else {
            configuration.limiter?.release(peer)
            return
        }
        connectionCount += 1
        observer?.connectionOpened()
    }

    func acceptFailed(code: CInt) { observer?.acceptFailed(code: code) }

    func acceptFilled() { observer?.acceptFilled() }

    func refused(_ peer: PeerAddress) { observer?.connectionRefused(peer) }

    func connectionClosed(_ peer: PeerAddress) {
        connectionCount -= 1
        configuration.limiter?.release(peer)
        observer?.connectionClosed()
        if areListenersClosed {
            stopWhenEmpty()
        } else {
            // A descriptor is free again: an acceptor that ran out of them can go on.
            for acceptor in acceptors { acceptor.resume() }
        }
    }

    func takeWorkspace() -> Workspace {
        spareWorkspaces.popLast() ?? Workspace(limits: configuration.limits)
    }

    func giveBack(_ workspace: Workspace) {
        if !workspace.isBodyGathered { forgetBody(workspace) }
        if spareWorkspaces.count >= Self.spareWorkspacesMax { return }
        workspace.reset()
        spareWorkspaces.append(workspace)
    }

    /// nil when the coding is not known here.
    func takeDecoder(_ coding: ContentCoding, outputBytesMax: Int) -> BodyDecoder? {
        let spare = spareDecoders.firstIndex { $0.coding == coding }.map { spareDecoders.remove(at: $0) }
        guard let decoder = spare ?? BodyDecoder(coding) else { return nil }
        decoder.reset(outputBytesMax: outputBytesMax)
        return decoder
    }

    /// Lets go of what a body that was streamed or compressed needed.
    func forgetBody(_ workspace: Workspace) {
        workspace.intake?.signal.disconnect()
        workspace.intake = nil
        if let decoder = workspace.decoder, spareDecoders.count < Self.spareDecodersMax {
            decoder.reset(outputBytesMax: 0)
            spareDecoders.append(decoder)
        }
        workspace.decoder = nil
    }

    func takeDeferred() -> DeferredRequest {
        if var deferred = spareDeferred.popLast(), isKnownUniquelyReferenced(&deferred) { return deferred }
        return DeferredRequest(loop)
    }

    func giveBack(_ deferred: DeferredRequest) {
        if spareDeferred.count < Self.spareDeferredMax { spareDeferred.append(deferred) }
    }

    // MARK: Draining

    func drain(grace: UInt64, deadline: UInt64) {
        isDraining = true
        forEachConnection { $0.drainBegan() }
        let now = loop.now
        loop.schedule(at: now.advanced(by: deadline)) { [unowned self] in
            forEachConnection { $0.close() }
            loop.stop()
        }
        if grace == 0 {
            closeListeners()
        } else {
            loop.schedule(at: now.advanced(by: grace)) { [unowned self] in closeListeners() }
        }
    }

    private func closeListeners() {
        // Who is in the backlog has connected, and may have sent its request: they are served, not reset.
        for acceptor in acceptors { acceptor.close() }
        acceptors = []
        areListenersClosed = true
        if stopWhenEmpty() { return }
        loop.schedule(at: loop.now.advanced(by: timeouts.lastCall)) { [unowned self] in
            forEachConnection { $0.endIfIdle() }
        }
    }

    @discardableResult
    private func stopWhenEmpty() -> Bool {
        guard areListenersClosed, connectionCount == 0 else { return false }
        loop.stop()
        return true
    }

    private func forEachConnection(_ body: (ServerConnection) -> Void) {
        loop.forEachChannel { channel in
            if let connection = channel as? ServerConnection { body(connection) }
        }
    }
}
