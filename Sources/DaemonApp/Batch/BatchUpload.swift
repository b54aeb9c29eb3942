// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Synchronization
internal import Tabular

/// What becomes of a body of records, on the thread that has been given its upload.
protocol BatchUploadRun: AnyObject {
    /// Takes the next bytes; false when the run has failed and needs no more. Called once at the end.
    func take(_ bytes: borrowing ByteBuffer, isAtEnd: Bool) -> Bool
    /// The answer's beginning, once, when it is to go out before the body is complete and is known now.
    func opening() -> BatchOpening?
    /// Nobody waits for an answer.
    func abandon()
    /// Answers the request; once, after the end was taken.
    func respond(_ response: inout Response)
}

/// How an answer begins that does not wait for the whole body.
struct BatchOpening: Sendable {
    /// Fills in status, headers and stream, on the loop's thread.
    let write: @Sendable (inout Response) -> Void
}

/// One batch request: its body comes in on the loop's thread, its records are answered on a thread of the
/// pool while more of it comes, and its answers wait in a spool file until the body is complete.
///
/// Reading never waits for the client to read, so clients that send everything first are never stuck. Who
/// asks for it gets the answers while the body comes.
///
/// State: `shared` is between the two threads (`Mutex`); the run belongs to the one pool thread that has been
/// given the upload.
// Safe because of the state named above.
final class BatchUpload: BodyReader, @unchecked Sendable {
    /// Bytes of the body, in the hands of one thread at a time.
    // Safe because who takes it out of `shared` is the only one who has it.
    private final class Inbox: @unchecked Sendable {
        var bytes = ByteBuffer()
    }

    private struct Shared {
        /// What has come and was not taken yet.
        var inbox = Inbox()
        /// One that was emptied: its memory is used again.
        var emptied: Inbox?
        var isComplete = false
        /// The loop reads no more until it is told.
        var isPaused = false
        /// A pool thread has the upload, or will have it.
        var isScheduled = false
        var isCancelled = false
        /// Nothing more needs to be read.
        var hasFailed = false
        var deferred: DeferredRequest?
        /// The answer's beginning, until the loop takes it.
        var opening: BatchOpening?

        /// Whether the pool has to be told of the upload: no thread of it has the upload, or will have it.
        mutating func schedule() -> Bool {
            defer { isScheduled = true }
            return !isScheduled
        }
    }

    private let shared = Mutex(Shared())
    private var signal: StreamSignal?
    private let pool: BatchPool
    private let route: Int
    /// Nil while its model is loaded; written before the first thread of the pool has the upload.
    private var run: (any BatchUploadRun)?

    /// Before a thread is woken up, unless the body is complete.
    private let wakeBytes: Int
    /// Answers go out while the body comes.
    private let isStreamed: Bool
    /// More than this is not read before it is answered.
    private static let inboxBytesMax = 1 << 20

    /// - Parameter run: nil: `start` follows.
    init(_ run: (any BatchUploadRun)?, isStreamed: Bool, pool: BatchPool, route: Int) {
        self.run = run
        if run == nil { shared.withLock { $0.isScheduled = true } }
        self.isStreamed = isStreamed
        wakeBytes = isStreamed ? 1 : 1 << 18
        self.pool = pool
        self.route = route
    }

    /// The run that was not known when the upload began; any thread, once.
    func start(_ run: any BatchUploadRun) {
        self.run = run
        pool.submit(self)
    }

    // MARK: On the loop's thread

    func begin(_ signal: StreamSignal) { self.signal = signal }

    func read(_ piece: Span<UInt8>) -> BodyDemand {
        var wakes = false
        var demand = BodyDemand.more
        shared.withLock { shared in
            if shared.hasFailed {
                demand = .enough
                return
            }
            shared.inbox.bytes.append(piece)
            if shared.inbox.bytes.count >= Self.inboxBytesMax {
                shared.isPaused = true
                demand = .pause
            }
            if shared.inbox.bytes.count >= wakeBytes { wakes = shared.schedule() }
        }
        if wakes { pool.submit(self) }
        return demand
    }

    func cancelled() {
        let wakes = shared.withLock { shared in
            shared.isCancelled = true
            shared.inbox.bytes.clear()
            return shared.schedule()
        }
        // So that the spool file goes on a pool's thread, and at once.
        if wakes { pool.submit(self) }
    }

    /// All of the body has come, or enough of it.
    func complete(_ request: borrowing Request) {
        let deferred = request.deferAnswer()
        let wakes = shared.withLock { shared in
            shared.isComplete = true
            shared.deferred = deferred
            return shared.schedule()
        }
        if wakes { pool.submit(self) }
    }

    func answerEarly(_ response: inout Response) {
        response.route = route
        if let opening = shared.withLock({ $0.opening.take() }) {
            opening.write(&response)
        } else {
            response.fail(.internalServerError, "there are no answers")
        }
    }

    /// All of the body has come, and the answer is on its way.
    func ended() {
        let wakes = shared.withLock { shared in
            shared.isComplete = true
            return shared.schedule()
        }
        if wakes { pool.submit(self) }
    }

    // MARK: On a pool's thread

    private enum Step {
        case idle, cancelled
        case answer(Inbox, isComplete: Bool, DeferredRequest?)
    }

    /// Answers what has come; true when the upload is to be queued again.
    func work() -> Bool {
        let (step, resumes) = shared.withLock { shared in
            let step = Self.next(&shared)
            defer { shared.isPaused = false }
            return (step, shared.isPaused)
        }
        if resumes { signal?.resume() }
        guard let run else { return false }
        switch step {
        case .idle: return false
        case .cancelled:
            run.abandon()
            return false
        case .answer(let inbox, let isComplete, let deferred):
            let isGoingOn = run.take(inbox.bytes, isAtEnd: isComplete)
            inbox.bytes.clear()
            shared.withLock { shared in
                shared.emptied = inbox
                if !isGoingOn { shared.hasFailed = true }
            }
            if isStreamed { tellLoop(run) }
            guard let deferred else { return !isComplete }
            deliver(deferred, run)
            return false
        }
    }

    private static func next(_ shared: inout Shared) -> Step {
        if shared.isCancelled { return .cancelled }
        guard !shared.inbox.bytes.isEmpty || shared.isComplete else {
            shared.isScheduled = false
            return .idle
        }
        let inbox = shared.inbox
        shared.inbox = shared.emptied.take() ?? Inbox()
        let deferred = shared.isComplete ? shared.deferred : nil
        if shared.isComplete { shared.deferred = nil }
        return .answer(inbox, isComplete: shared.isComplete, deferred)
    }

    /// The answer can begin, or there is more of it.
    private func tellLoop(_ run: any BatchUploadRun) {
        guard let opening = run.opening() else {
            signal?.resume()
            return
        }
        shared.withLock { $0.opening = opening }
        signal?.answer()
    }

    private func deliver(_ deferred: DeferredRequest, _ run: any BatchUploadRun) {
        if deferred.isAbandoned { run.abandon() }
        deferred.answer { _, response in
            response.route = route
            run.respond(&response)
        }
        deferred.complete()
    }
}
