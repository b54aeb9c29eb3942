// SPDX-License-Identifier: Apache-2.0
import Base
import Net

/// One client's connection: moves bytes between socket, parser and handler as its state machine decides.
///
/// State: owned by the loop's thread.
final class ServerConnection: Channel {
    let server: ServerLoop
    var transport: Transport
    /// The certificate comes in with the handshake.
    var origin: RequestOrigin
    var machine = ConnectionStateMachine()
    /// Only while bytes are in it.
    var workspace: Workspace?
    /// The request that a worker has; its bytes in `workspace` stay untouched meanwhile.
    var deferred: DeferredRequest?
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
        guard server.loop.add(transport.number, self) else { return false }
        settle()
        return true
    }

    // MARK: Events

    func ready(_ readiness: Readiness) {
        if readiness.isBroken {
            // Reset, or both sides shut: nothing can be delivered any more.
            return close()
        }
        if readiness.isWritable, machine.wantsToWrite, let workspace {
            flush(workspace)
            goOn(workspace)
        }
        if transport.waitsForWritable ? readiness.isWritable : readiness.isReadable, machine.wantsInput {
            receive()
        }
        settle()
    }

    func deadlineReached() {
        armedDeadline = .none
        if isBodyArriving { return settle() }
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

    // MARK: Output

    /// Does what waited for the client to take its answers.
    func goOn(_ workspace: Workspace) {
        if machine.streamsAnswer { pump(workspace) }
        if machine.takesInput, !workspace.input.isEmpty { advance(workspace) }
    }

    /// What one connection may send before the loop turns to the others.
    private static let turnBytes = 262_144

    /// Sends from the output, or from the tail once that is gone; also how much was offered to the socket.
    private func send(_ workspace: Workspace, atMost room: Int) -> (result: IOResult, offered: Int) {
        let done = workspace.sent - workspace.output.count
        if done < 0 {
            let count = min(-done, room)
            return (transport.send(workspace.output, workspace.sent..<workspace.sent + count), count)
        }
        let count = min(workspace.tail.count - done, room)
        return (transport.send(workspace.tail, done..<done + count), count)
    }

    /// One write for everything that waits, up to a turn's share.
    func flush(_ workspace: Workspace) {
        var room = Self.turnBytes
        while room > 0, workspace.hasOutput {
            let (result, offered) = send(workspace, atMost: room)
            switch result {
            case .bytes(let count):
                workspace.sent += count
                room = count < offered ? 0 : room - count
            case .wouldBlock: room = 0
            case .end, .failed: return close()
            }
        }
        if !workspace.hasOutput {
            workspace.output.clear()
            workspace.tail.clear()
            workspace.sent = 0
        }
        perform(machine.outputChanged(isPending: workspace.hasOutput))
    }

    // MARK: Decisions into acts

    func perform(_ action: ConnectionStateMachine.Action) {
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
        let (reads, waits) = (machine.wantsInput, transport.waitsForWritable)
        server.loop.watch(
            transport.number, reads: reads && !waits, writes: machine.wantsToWrite || reads && waits)
        let deadline = machine.deadline
        if deadline != armedDeadline || machine.answerCount != armedAnswerCount { arm(deadline) }
        if machine.phase == .idle, let workspace, workspace.input.isEmpty, !workspace.hasOutput {
            releaseWorkspace()
        }
    }

    /// Output that was pending has gone, and more has come: its time starts anew.
    func restartWriteDeadline() { armedDeadline = .none }

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
        workspace?.cancelStreams()
        releaseWorkspace()
        server.connectionClosed(origin.peer)
    }
}
