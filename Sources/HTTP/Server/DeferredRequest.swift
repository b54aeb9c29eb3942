// SPDX-License-Identifier: Apache-2.0
import Base
import Net
import Synchronization

/// A request whose answer comes later: made on the loop, answered on another thread, brought back to the
/// loop.
///
///     loop     let deferred = request.deferAnswer()     inside the handler; what it wrote so far is dropped
///     worker   deferred.answer { request, response in … }
///     loop     deferred.deliver()                       or `complete()` from the worker, which gets it there
///
/// From `deferAnswer` to `deliver` the connection keeps the request's bytes as they are: it reads nothing
/// and moves nothing, and later requests of its client wait. When the client is gone or the handler's time
/// is over, the connection goes on without the answer and leaves the bytes to this object; the worker may
/// look at `isAbandoned` and save itself the work, but must still complete it. After `complete` or `deliver`
/// the object is used for another request: let go of it.
///
/// State: `server`, `connection` and `workspace` are written by the loop's thread only; `response` and
/// `coder` belong to the worker until it completes. The hand-overs (queue to the worker, inbox of the loop)
/// order the two.
// Safe because of the hand-overs above; the flag is atomic, and the request's bytes do not change meanwhile.
package final class DeferredRequest: @unchecked Sendable {
    /// The loop that must deliver it.
    package let loop: EventLoop
    private var server: ServerLoop?
    private(set) var connection: ServerConnection?
    private(set) var workspace: Workspace?
    private(set) var origin = RequestOrigin(listener: 0, peer: .local)
    private(set) var started = MonotonicInstant.now
    var response = Response()
    /// Holds the body when the worker has compressed it.
    private(set) var coder: ResponseCoder?
    private let abandoned = Atomic(false)

    init(_ loop: EventLoop) { self.loop = loop }

    /// Nobody waits for the answer any more.
    package var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

    // MARK: On the worker's thread

    /// Calls `body` with the request and with a response of this request's own, as a handler is called. Call
    /// once, on any thread, before completing.
    package func answer(_ body: (borrowing Request, inout Response) -> Void) {
        guard let workspace else { preconditionFailure("a deferred request is answered before it completes") }
        workspace.withRequest(from: origin, nil) { body($0, &response) }
        if let server {
            coder = server.coders.encode(response, for: workspace, server.configuration.compression)
        }
        workspace.dropBody()
    }

    /// Calls `body` as `answer` does, for what is answered in two steps: `answer` has to follow.
    package func read(_ body: (borrowing Request, inout Response) -> Void) {
        guard let workspace else { preconditionFailure("a deferred request is read before it completes") }
        workspace.withRequest(from: origin, nil) { body($0, &response) }
    }

    /// Has the loop deliver the answer soon; any thread. A worker that has drained a batch delivers all of it
    /// with one wake-up: see `complete(_:)`.
    package func complete() { loop.execute { _ in self.deliver() } }

    /// Completes requests of the same loop with one task, and so at most one wake-up, for that loop.
    package static func complete(_ batch: [DeferredRequest]) {
        guard let loop = batch.first?.loop else { return }
        precondition(batch.allSatisfy { $0.loop === loop }, "a batch belongs to one loop")
        loop.execute { _ in for deferred in batch { deferred.deliver() } }
    }

    // MARK: On the loop's thread

    /// Sends the answer, unless the request was abandoned, and lets the connection go on.
    package func deliver() {
        guard let workspace, let server else { preconditionFailure("a deferred request completes once") }
        let connection = connection
        self.connection = nil
        self.workspace = nil
        self.server = nil
        if let connection {
            connection.deliver(self, workspace)
        } else {
            response.stream?.cancelled()
            server.giveBack(workspace)
        }
        response.stream = nil
        if let coder { server.coders.giveBack(coder) }
        coder = nil
        server.giveBack(self)
    }

    func begin(_ connection: ServerConnection, _ workspace: Workspace, _ origin: RequestOrigin) {
        server = connection.server
        self.connection = connection
        self.workspace = workspace
        self.origin = origin
        started = .now
        response.reset()
        abandoned.store(false, ordering: .relaxed)
    }

    /// The connection goes on without it; the bytes stay here until the worker completes.
    func abandon() {
        connection = nil
        abandoned.store(true, ordering: .relaxed)
    }
}
