// SPDX-License-Identifier: Apache-2.0
import Base

/// Answers whose body comes piece by piece, at the client's pace.
extension ServerConnection {
    /// Puts the head into the output. False as `write` says, and true when the head is all: for HEAD.
    func beginStream(
        _ response: borrowing Response, _ workspace: Workspace, _ started: MonotonicInstant
    ) -> Bool {
        guard let writer = response.stream else { return true }
        let head = workspace.parser.head
        let isOld = head.minorVersion == 0
        let ends = machine.endsAfterAnswer(
            keepsAlive: head.keepsAlive && !isOld,
            handlerCloses: response.closesConnection || workspace.isBodyUnread)
        var answer = AnswerForm()
        answer.connection = ends ? .close : .unsaid
        answer.framing = isOld ? .untilClose : .chunked
        answer.varies = response.varies(server.configuration.compression)
        var coder: ResponseCoder?
        if answer.varies { coder = server.coders.begin(workspace.acceptedCoding) }
        answer.coding = coder?.coding ?? .identity
        server.writer.writeHead(response, answer, workspace.identifier, into: &workspace.output)
        if head.method == .head {
            if let coder { server.coders.giveBack(coder) }
            writer.cancelled()
            noteAnswered(ends: ends, workspace)
            return true
        }
        let outflow = AnswerStream(
            writer, StreamSignal(self), answer, coder: coder, response: response,
            keepsAlive: head.keepsAlive, started: started)
        workspace.outflow = outflow
        machine.answerBegan()
        writer.begin(outflow.signal)
        return false
    }

    /// Asks the writer for as much as the client takes, and leaves the loop to others after a megabyte.
    func pump(_ workspace: Workspace) {
        var bytesLeft = AnswerStream.turnBytes
        while bytesLeft > 0, machine.streamsAnswer, !machine.isOutputPending,
            !machine.isAnswerPaused, let outflow = workspace.outflow
        {
            restartWriteDeadline()
            let supply = outflow.writer.write(into: &outflow.piece, bytes: AnswerStream.pieceBytes)
            bytesLeft -= max(outflow.piece.count, 1_024)
            switch supply {
            case .more: outflow.frame(isLast: false, into: &workspace.output)
            case .pending:
                outflow.frame(isLast: false, into: &workspace.output)
                machine.answerPaused()
            case .end:
                outflow.frame(isLast: true, into: &workspace.output)
                finishStream(workspace, outflow)
            case .failed:
                // Without chunks only a connection that breaks says that the body has no end.
                guard outflow.isChunked else {
                    workspace.outflow = nil
                    outflow.signal.disconnect()
                    return close()
                }
                outflow.frame(isLast: false, into: &workspace.output)
                abortStream(workspace, outflow)
            }
            flush(workspace)
        }
    }

    private func finishStream(_ workspace: Workspace, _ outflow: AnswerStream) {
        if machine.phase == .exchanging {
            workspace.isBodyUnread = true
            workspace.intake?.reader.cancelled()
        }
        endStream(workspace, outflow, ends: outflow.ends || workspace.isBodyUnread)
        finishRequest(workspace)
    }

    /// Ends the connection in place of the last chunk. What was written before still reaches the client.
    private func abortStream(_ workspace: Workspace, _ outflow: AnswerStream) {
        workspace.isBodyUnread = true
        if machine.phase == .exchanging { workspace.intake?.reader.cancelled() }
        endStream(workspace, outflow, ends: true)
    }

    private func endStream(_ workspace: Workspace, _ outflow: AnswerStream, ends: Bool) {
        workspace.outflow = nil
        outflow.signal.disconnect()
        if let coder = outflow.coder { server.coders.giveBack(coder) }
        noteAnswered(ends: ends, workspace)
        tell(
            RequestRecord(
                method: workspace.parser.head.method, status: outflow.status, route: outflow.route,
                nanoseconds: MonotonicInstant.now.nanoseconds(since: outflow.started),
                requestBodyBytes: workspace.bodyByteCount, responseBodyBytes: outflow.byteCount),
            workspace)
    }
}
