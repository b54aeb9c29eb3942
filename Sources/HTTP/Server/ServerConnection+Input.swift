// SPDX-License-Identifier: Apache-2.0
import Base
import Net

/// From the socket to complete requests.
extension ServerConnection {
    func receive() {
        if machine.phase == .lingering { return discard() }
        let workspace = self.workspace ?? server.takeWorkspace()
        self.workspace = workspace
        switch transport.receive(into: &workspace.input, limit: readSize(workspace)) {
        case .bytes:
            if let session = transport.session {
                server.loop.servesTLS()
                if machine.answerCount == 0 {
                    origin = RequestOrigin(
                        listener: origin.listener, peer: origin.peer, certificate: session.clientCertificate)
                }
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

    /// Heads are small; bodies are read in larger pieces once they are known to come. Of several large ones
    /// each gets a piece a turn, and whoever has a small request waits for them all: 64 KiB cost some 20 us.
    private func readSize(_ workspace: Workspace) -> Int {
        let expected = workspace.parser.bodyBytesExpected
        if expected > 0 { return max(min(expected, 65_536), Workspace.bytesKept) }
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
        var goesOn = true
        while goesOn {
            var isBounded = true
            while isBounded, machine.takesInput {
                isBounded = takeRequests(workspace)
                flush(workspace)
            }
            // After an answer that was streamed within this turn, the next request may be here already.
            goesOn = machine.streamsAnswer
            if goesOn { pump(workspace) }
            goesOn = goesOn && machine.phase != .exchanging && machine.takesInput
        }
        if machine.takesRequests { compact(workspace) }
    }

    /// True when it stopped because enough answers wait to be written.
    private func takeRequests(_ workspace: Workspace) -> Bool {
        while machine.takesRequests {
            if workspace.outputBytes >= server.configuration.outputBytesMax || !workspace.tail.isEmpty,
                machine.phase != .exchanging
            {
                return true
            }
            switch workspace.parser.next(workspace.input.bytes) {
            case .needMore: return false
            case .head:
                machine.headCompleted()
                if !workspace.parser.isHeadRepeated { workspace.note = 0 }
                beginBody(workspace)
            case .body(let range): takeBody(range, workspace)
            case .complete: completeRequest(workspace)
            case .failed(let defect): reject(defect, workspace)
            }
        }
        return false
    }

    /// Turns to the next request in the input.
    func finishRequest(_ workspace: Workspace) {
        if !workspace.isBodyGathered { server.forgetBody(workspace) }
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
}
