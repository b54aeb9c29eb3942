// SPDX-License-Identifier: Apache-2.0
import Base

/// From a complete request to the bytes of its answer.
extension ServerConnection {
    /// Asks the handler. False when it has taken the request away: then nothing of it may be touched.
    func respond(_ workspace: Workspace) -> Bool {
        let started = server.observer == nil ? nil : MonotonicInstant.now
        server.response.reset()
        serve(workspace.input, workspace.parser, workspace.body, &server.response)
        if deferred != nil { return false }
        write(server.response, workspace)
        if let started { report(server.response, workspace, since: started) }
        return true
    }

    /// Hands the request to the handler as a view of the borrowed memory.
    private func serve(
        _ input: borrowing ByteBuffer, _ parser: borrowing RequestParser, _ body: Range<Int>,
        _ response: inout Response
    ) {
        let bytes = input.bytes
        let request = Request(
            bytes: bytes.extracting(parser.origin..<bytes.count), fields: parser.head.fields.span,
            body: bytes.extracting(body), head: parser.head, origin: origin, connection: self)
        server.handler.handle(request, &response)
    }

    private func write(_ response: borrowing Response, _ workspace: Workspace) {
        let method = workspace.parser.head.method
        let keepsAlive = workspace.parser.head.keepsAlive
        let ends = machine.endsAfterAnswer(
            keepsAlive: keepsAlive, handlerCloses: response.closesConnection)
        let isOld = workspace.parser.head.minorVersion == 0
        server.writer.write(
            response, ends ? .close : isOld ? .keepAlive : .unsaid, isHead: method == .head,
            into: &workspace.output)
        let isLast = workspace.parser.position == workspace.input.count
        machine.answered(ends: ends, clientAskedToClose: !keepsAlive && isLast)
    }

    private func report(
        _ response: borrowing Response, _ workspace: Workspace, since started: MonotonicInstant
    ) {
        server.observer?.requestFinished(
            RequestRecord(
                method: workspace.parser.head.method, status: response.status, route: response.route,
                nanoseconds: MonotonicInstant.now.nanoseconds(since: started),
                requestBodyBytes: workspace.body.count, responseBodyBytes: response.body.count))
    }

    func reject(_ defect: RequestDefect, _ workspace: Workspace) {
        server.response.reset()
        server.response.fail(defect.status, defect.message)
        server.writer.write(
            server.response, .close, isHead: workspace.parser.head.method == .head, into: &workspace.output)
        machine.rejected()
        server.observer?.requestRejected(defect)
    }

    // MARK: Answers that come later

    func deferAnswer() -> DeferredRequest {
        guard deferred == nil, machine.phase == .awaitingResponse, let workspace else {
            preconditionFailure("an answer is deferred once, by the handler")
        }
        let deferred = server.takeDeferred()
        deferred.begin(self, workspace, origin)
        self.deferred = deferred
        return deferred
    }

    /// The answer has come: it goes out, and so do the answers to what the client sent meanwhile.
    func deliver(_ deferred: DeferredRequest, _ workspace: Workspace) {
        self.deferred = nil
        write(deferred.response, workspace)
        if server.observer != nil { report(deferred.response, workspace, since: deferred.started) }
        finishRequest(workspace)
        flush(workspace)
        if machine.takesRequests, !machine.isOutputPending { advance(workspace) }
        settle()
    }

    /// Answers in the place of a worker that is late. The worker may still be reading the request, so that
    /// stays with it, and the connection goes on with memory of its own.
    func abandonAnswer() {
        guard let deferred, let workspace else { return }
        let fresh = server.takeWorkspace()
        swap(&fresh.output, &workspace.output)
        swap(&fresh.sent, &workspace.sent)
        server.response.reset()
        server.response.fail(.gatewayTimeout, "the answer was not ready in time")
        let isHead = workspace.parser.head.method == .head
        server.writer.write(server.response, .close, isHead: isHead, into: &fresh.output)
        machine.answered(ends: true, clientAskedToClose: false)
        if server.observer != nil { report(server.response, workspace, since: deferred.started) }
        leaveToWorker(deferred)
        self.workspace = fresh
        flush(fresh)
    }

    /// The request's memory is the worker's until it completes.
    func leaveToWorker(_ deferred: DeferredRequest) {
        deferred.abandon()
        self.deferred = nil
        workspace = nil
    }
}
