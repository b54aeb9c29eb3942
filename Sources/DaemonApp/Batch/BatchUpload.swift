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
    /// Nobody waits for an answer.
    func abandon()
    /// Answers the request; once, after the end was taken.
    func respond(_ response: inout Response)
}

/// One batch request: its body comes in on the loop's thread, its records are answered on a thread of the
/// pool while more of it comes, and its answers wait in a spool file until the body is complete.
///
/// Reading never waits for the client to read, so clients that send everything first are never stuck.
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
        var isComplete = false
        /// The loop reads no more until it is told.
        var isPaused = false
        /// A pool thread has the upload, or will have it.
        var isScheduled = false
        var isCancelled = false
        /// Nothing more needs to be read.
        var hasFailed = false
        var deferred: DeferredRequest?
    }

    private let shared = Mutex(Shared())
    private var signal: StreamSignal?
    private let pool: BatchPool
    private let route: Int
    private let run: any BatchUploadRun

    /// Before a thread is woken up, unless the body is complete.
    private static let wakeBytes = 1 << 18
    /// More than this is not read before it is answered.
    private static let inboxBytesMax = 1 << 20

    init(_ run: any BatchUploadRun, pool: BatchPool, route: Int) {
        self.run = run
        self.pool = pool
        self.route = route
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
            if shared.inbox.bytes.count >= Self.wakeBytes && !shared.isScheduled {
                shared.isScheduled = true
                wakes = true
            }
        }
        if wakes { pool.submit(self) }
        return demand
    }

    func cancelled() {
        let wakes = shared.withLock { shared in
            shared.isCancelled = true
            shared.inbox.bytes.clear()
            defer { shared.isScheduled = true }
            return !shared.isScheduled
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
            defer { shared.isScheduled = true }
            return !shared.isScheduled
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
        switch step {
        case .idle: return false
        case .cancelled:
            run.abandon()
            return false
        case .answer(let inbox, let isComplete, let deferred):
            if !run.take(inbox.bytes, isAtEnd: isComplete) { shared.withLock { $0.hasFailed = true } }
            guard let deferred else { return !isComplete }
            deliver(deferred)
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
        shared.inbox = Inbox()
        let deferred = shared.isComplete ? shared.deferred : nil
        if shared.isComplete { shared.deferred = nil }
        return .answer(inbox, isComplete: shared.isComplete, deferred)
    }

    private func deliver(_ deferred: DeferredRequest) {
        if deferred.isAbandoned { run.abandon() }
        deferred.answer { _, response in
            response.route = route
            run.respond(&response)
        }
        deferred.complete()
    }
}
