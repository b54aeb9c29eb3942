// SPDX-License-Identifier: Apache-2.0
import Base
import Net

/// From a complete request to the bytes of its answer.
extension ServerConnection {
    /// Asks the handler. False when the request is not done with: it was taken away, or its answer is
    /// streamed.
    func respond(_ workspace: Workspace) -> Bool {
        let started = server.observer == nil ? MonotonicInstant(nanoseconds: 0) : .now
        server.response.reset()
        workspace.withRequest(from: origin, self) { server.handler.handle($0, &server.response) }
        if deferred != nil { return false }
        let coder = server.coders.encode(server.response, for: workspace, server.configuration.compression)
        defer { if let coder { server.coders.giveBack(coder) } }
        let bodyBytes = server.response.body.count
        if !write(&server.response, workspace, coder, started) {
            server.response.stream = nil
            return false
        }
        if server.observer != nil { report(server.response, bodyBytes, workspace, since: started) }
        return true
    }

    /// Puts the answer into the output; `coder` holds the body when it is compressed. False when only the
    /// head is there and the body follows piece by piece.
    func write(
        _ response: inout Response, _ workspace: Workspace, _ coder: ResponseCoder?,
        _ started: MonotonicInstant
    ) -> Bool {
        identify(workspace)
        if response.stream != nil, !response.status.forbidsContent {
            return beginStream(response, workspace, started)
        }
        let ends = machine.endsAfterAnswer(
            keepsAlive: workspace.parser.head.keepsAlive,
            handlerCloses: response.closesConnection || workspace.isBodyUnread)
        var answer = AnswerForm()
        let isOld = workspace.parser.head.minorVersion == 0
        answer.connection = ends ? .close : isOld ? .keepAlive : .unsaid
        answer.framing = .length(coder?.output.count ?? response.body.count)
        answer.coding = coder?.coding ?? .identity
        answer.varies = response.varies(server.configuration.compression)
        server.writer.writeHead(response, answer, workspace.identifier, into: &workspace.output)
        if workspace.parser.head.method != .head, !response.status.forbidsContent {
            if let coder {
                workspace.output.append(coder.output.bytes)
            } else if response.body.count > Workspace.bytesHeld {
                swap(&workspace.tail, &response.body)
            } else {
                workspace.output.append(response.body.bytes)
            }
        }
        noteAnswered(ends: ends, workspace)
        return true
    }

    func noteAnswered(ends: Bool, _ workspace: Workspace) {
        let isLast = workspace.parser.position == workspace.input.count && !workspace.isBodyUnread
        machine.answered(ends: ends, clientAskedToClose: !workspace.parser.head.keepsAlive && isLast)
    }

    func report(
        _ response: borrowing Response, _ bodyBytes: Int, _ workspace: Workspace,
        since started: MonotonicInstant
    ) {
        tell(
            RequestRecord(
                method: workspace.parser.head.method, status: response.status, route: response.route,
                nanoseconds: MonotonicInstant.now.nanoseconds(since: started),
                requestBodyBytes: workspace.bodyByteCount, responseBodyBytes: bodyBytes),
            workspace)
    }

    func tell(_ record: RequestRecord, _ workspace: Workspace) {
        guard let observer = server.observer else { return }
        workspace.withRequest(from: origin, nil) { request in
            Self.tell(observer, record, request, workspace.identifier)
        }
    }

    private static func tell(
        _ observer: any ServerObserver, _ record: RequestRecord, _ request: borrowing Request,
        _ identifier: borrowing RequestIdentifier
    ) { observer.requestFinished(record, request, identifier: identifier.text) }

    private static func tell(
        _ observer: any ServerObserver, _ defect: RequestDefect, _ origin: RequestOrigin,
        _ identifier: borrowing RequestIdentifier
    ) { observer.requestRejected(defect, origin, identifier: identifier.text) }

    private func identify(_ workspace: Workspace) {
        if server.configuration.sendsRequestIdentifiers { workspace.identify(&server.identifiers) }
    }

    func reject(_ defect: RequestDefect, _ workspace: Workspace) {
        // The status is out already: the client sees that the answer has no end.
        if machine.phase == .exchanging { return close() }
        server.response.reset()
        server.response.fail(defect.status, defect.message)
        if defect == .contentCodingUnsupported {
            server.response.addHeader("Accept-Encoding", "gzip, deflate" as StaticString)
        }
        // What was refused may be half of somebody else's message: nothing of it is taken over.
        if server.configuration.sendsRequestIdentifiers {
            workspace.identifier.choose(nil, &server.identifiers)
        }
        writeLast(server.response, workspace, isHead: workspace.parser.head.method == .head)
        machine.rejected()
        workspace.cancelStreams()
        if let observer = server.observer { Self.tell(observer, defect, origin, workspace.identifier) }
    }

    /// Writes an answer of the engine's own, the connection's last. It has been identified.
    private func writeLast(_ response: borrowing Response, _ workspace: Workspace, isHead: Bool) {
        var answer = AnswerForm()
        answer.connection = .close
        answer.framing = .length(response.body.count)
        server.writer.writeHead(response, answer, workspace.identifier, into: &workspace.output)
        if !isHead { workspace.output.append(response.body.bytes) }
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
        let bodyBytes = deferred.response.body.count
        if write(&deferred.response, workspace, deferred.coder, deferred.started) {
            if server.observer != nil {
                report(deferred.response, bodyBytes, workspace, since: deferred.started)
            }
            finishRequest(workspace)
        }
        flush(workspace)
        goOn(workspace)
        settle()
    }

    /// Answers in the place of a handler that is late. A worker may still be reading the request, so that
    /// stays with it, and the connection goes on with memory of its own.
    func abandonAnswer() {
        guard let workspace else { return }
        identify(workspace)
        if deferred == nil { workspace.cancelStreams() }
        var own = workspace
        if deferred != nil {
            own = server.takeWorkspace()
            swap(&own.output, &workspace.output)
            swap(&own.sent, &workspace.sent)
            swap(&own.identifier, &workspace.identifier)
        }
        server.response.reset()
        server.response.fail(.gatewayTimeout, "the answer was not ready in time")
        writeLast(server.response, own, isHead: workspace.parser.head.method == .head)
        machine.answered(ends: true, clientAskedToClose: false)
        if own !== workspace { swap(&own.identifier, &workspace.identifier) }
        if server.observer != nil {
            report(
                server.response, server.response.body.count, workspace,
                since: deferred?.started ?? server.loop.now)
        }
        if let deferred { leaveToWorker(deferred) }
        self.workspace = own
        flush(own)
    }

    /// The request's memory is the worker's until it completes.
    func leaveToWorker(_ deferred: DeferredRequest) {
        deferred.abandon()
        self.deferred = nil
        workspace = nil
    }
}
