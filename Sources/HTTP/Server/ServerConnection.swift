// SPDX-License-Identifier: Apache-2.0
import Base
import Net

/// One client's connection: moves bytes between socket, parser and handler as its state machine decides.
///
/// State: owned by the loop's thread.
final class ServerConnection: Channel {
    let server: ServerLoop
    private var transport: Transport
    /// The certificate comes in with the handshake.
    private(set) var origin: RequestOrigin
    var machine = ConnectionStateMachine()
    /// Only while bytes are in it.
    var workspace: Workspace?
    /// The request that a worker has; its bytes in `workspace` stay untouched meanwhile.
    var deferred: DeferredRequest?
    private var interest: Readiness = .readable
    private var armedDeadline = ConnectionStateMachine.Deadline.none
    /// The answer count when the deadline was armed: the next request has its own.
    private var armedAnswerCount = 0

    init(_ transport: consuming Transport, server: ServerLoop, origin: RequestOrigin) {
        self.transport = transport
        self.server = server
        self.origin = origin
        if server.isDraining { machine.drainBegan() }
    }

    /// False when the loop could not take it; then it is gone.
    func open() -> Bool {
        guard server.loop.add(transport.number, self, interest) else { return false }
        settle()
        return true
    }

    // MARK: Events

    func ready(_ readiness: Readiness) {
        if readiness.hasAny(of: .broken) {
            // Reset, or both sides shut: nothing can be delivered any more.
            return close()
        }
        if readiness.hasAny(of: .writable), machine.isOutputPending, let workspace {
            flush(workspace)
            // Requests that waited in the input for the reader to catch up.
            if machine.takesRequests, !machine.isOutputPending, !workspace.input.isEmpty {
                advance(workspace)
            }
        }
        if readiness.hasAny(of: transport.waitsForWritable ? .writable : .readable), machine.wantsInput {
            receive()
        }
        settle()
    }

    func deadlineReached() {
        armedDeadline = .none
        perform(machine.deadlineReached())
        settle()
    }

    func drainBegan() { machine.drainBegan() }

    /// Looks for a request that has arrived meanwhile before it ends the connection.
    func endIfIdle() {
        if machine.phase == .idle, machine.wantsInput { receive() }
        perform(machine.endIfIdle())
        settle()
    }

    // MARK: Input

    private func receive() {
        if machine.phase == .lingering { return discard() }
        let workspace = self.workspace ?? server.takeWorkspace()
        self.workspace = workspace
        switch transport.receive(into: &workspace.input, limit: readSize(workspace)) {
        case .bytes:
            if machine.answerCount == 0, let session = transport.session {
                origin.certificate = session.clientCertificate
            }
            machine.bytesArrived()
            advance(workspace)
        case .wouldBlock: return
        case .end: perform(machine.inputEnded())
        case .failed:
            if let session = transport.session, !session.hasHandshaken {
                server.observer?.handshakeFailed(session.failure ?? "the client went away")
            }
            close()
        }
    }

    /// Heads are small; bodies are read in larger pieces once they are known to come.
    private func readSize(_ workspace: Workspace) -> Int {
        let expected = workspace.parser.bodyBytesExpected
        if expected > Workspace.bytesKept { return min(expected, 262_144) }
        return workspace.parser.isInBody ? 65_536 : Workspace.bytesKept
    }

    private func discard() {
        server.discarded.clear()
        switch transport.discard(into: &server.discarded, limit: 65_536) {
        case .bytes, .wouldBlock: return
        case .end, .failed: close()
        }
    }

    /// Answers all requests that are complete, with one write for all of them where the bound on output
    /// allows.
    func advance(_ workspace: Workspace) {
        var isBounded = true
        while isBounded, machine.takesRequests, !machine.isOutputPending {
            isBounded = takeRequests(workspace)
            flush(workspace)
        }
        if machine.takesRequests { compact(workspace) }
    }

    /// True when it stopped because enough answers wait to be written.
    private func takeRequests(_ workspace: Workspace) -> Bool {
        while machine.takesRequests {
            if workspace.output.count - workspace.sent >= server.configuration.outputBytesMax { return true }
            switch workspace.parser.next(workspace.input.bytes) {
            case .needMore: return false
            case .head:
                machine.headCompleted()
                workspace.bodyStart = workspace.parser.position
                workspace.bodyEnd = workspace.bodyStart
                sendContinueIfExpected(workspace)
            case .body(let range):
                if range.lowerBound != workspace.bodyEnd {
                    workspace.input.move(range, to: workspace.bodyEnd)
                }
                workspace.bodyEnd += range.count
            case .complete:
                machine.requestCompleted()
                if respond(workspace) { finishRequest(workspace) }
            case .failed(let defect): reject(defect, workspace)
            }
        }
        return false
    }

    /// Turns to the next request in the input.
    func finishRequest(_ workspace: Workspace) {
        workspace.parser.reset(at: workspace.parser.position)
        if workspace.parser.position < workspace.input.count { machine.bytesArrived() }
    }

    /// Drops what has been worked off, so that the buffer holds one unfinished request at most.
    private func compact(_ workspace: Workspace) {
        if workspace.parser.isUntouched, workspace.parser.position == workspace.input.count {
            workspace.input.clear()
            workspace.parser.reset(at: 0)
            return
        }
        if workspace.parser.isInBody, workspace.parser.position > workspace.bodyEnd {
            let framing = workspace.bodyEnd..<workspace.parser.position
            workspace.input.removeSubrange(framing)
            workspace.parser.bytesRemoved(framing.count, beforeRequest: false)
        }
        let done = workspace.parser.origin
        if done > 0 {
            workspace.input.removeFirst(done)
            workspace.parser.bytesRemoved(done, beforeRequest: true)
            workspace.bodyStart -= done
            workspace.bodyEnd -= done
        }
    }

    /// 100 (Continue) unless the body is already on its way (RFC 9110, section 10.1.1).
    private func sendContinueIfExpected(_ workspace: Workspace) {
        let head = workspace.parser.head
        guard head.expectsContinue, head.isChunked || (head.contentLength ?? 0) > 0,
            workspace.parser.position == workspace.input.count
        else { return }
        workspace.output.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    // MARK: Output

    /// One write for everything that waits.
    func flush(_ workspace: Workspace) {
        if workspace.hasOutput {
            let waiting = workspace.sent..<workspace.output.count
            switch transport.send(workspace.output.bytes.extracting(waiting)) {
            case .bytes(let count): workspace.sent += count
            case .wouldBlock: break
            case .end, .failed: return close()
            }
        }
        if !workspace.hasOutput {
            workspace.output.clear()
            workspace.sent = 0
        }
        perform(machine.outputChanged(isPending: workspace.hasOutput))
    }

    // MARK: Decisions into acts

    private func perform(_ action: ConnectionStateMachine.Action) {
        switch action {
        case .proceed: return
        case .reject(let defect):
            let workspace = self.workspace ?? server.takeWorkspace()
            self.workspace = workspace
            reject(defect, workspace)
            flush(workspace)
        case .abandonAnswer: abandonAnswer()
        case .linger:
            transport.shutdownWrites()
            releaseWorkspace()
        case .close: close()
        }
    }

    /// Brings the poller, the deadline and the memory in line with the state.
    func settle() {
        // What TLS has read already is reported by no poller.
        while transport.hasBufferedInput, machine.wantsInput { receive() }
        if transport.number < 0 { return }
        var wanted = Readiness.none
        if machine.wantsInput { wanted.insert(transport.waitsForWritable ? .writable : .readable) }
        if machine.isOutputPending { wanted.insert(.writable) }
        if wanted != interest {
            interest = wanted
            server.loop.setInterest(transport.number, wanted)
        }
        let deadline = machine.deadline
        if deadline != armedDeadline || machine.answerCount != armedAnswerCount { arm(deadline) }
        if machine.phase == .idle, let workspace, workspace.input.isEmpty, !workspace.hasOutput {
            releaseWorkspace()
        }
    }

    private func arm(_ deadline: ConnectionStateMachine.Deadline) {
        armedDeadline = deadline
        armedAnswerCount = machine.answerCount
        let timeouts = server.timeouts
        let interval: UInt64
        switch deadline {
        case .none: return server.loop.clearDeadline(transport.number)
        case .idle: interval = timeouts.idle
        case .head: interval = timeouts.head
        case .body: interval = timeouts.body
        case .handler:
            let started = deferred?.started ?? server.loop.now
            return server.loop.setDeadline(transport.number, at: started.advanced(by: timeouts.handler))
        case .write: interval = timeouts.write
        case .linger: interval = timeouts.linger
        }
        server.loop.setDeadline(transport.number, at: server.loop.now.advanced(by: interval))
    }

    private func releaseWorkspace() {
        if let workspace { server.giveBack(workspace) }
        workspace = nil
    }

    func close() {
        guard transport.number >= 0 else { return }
        server.loop.remove(transport.number)
        transport.close()
        machine.closed()
        if let deferred { leaveToWorker(deferred) }
        releaseWorkspace()
        server.connectionClosed(origin.peer)
    }
}
