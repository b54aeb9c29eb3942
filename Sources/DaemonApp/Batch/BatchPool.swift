// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import Synchronization

/// A few threads of low priority that answer batch requests, each request a megabyte at a time in turn with
/// the others.
///
/// State: the queue is shared (`Mutex`).
final class BatchPool: Sendable {
    private struct State {
        var queue: [BatchUpload] = []
        var isStopping = false
    }

    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)
    private let threads = Mutex<[PosixThread]>([])
    private let threadCount: Int
    /// As low as it gets: a loop that has to run at the same time has 68 times the share.
    private static let niceness: CInt = 19

    init(threads: Int) { threadCount = threads }

    func start() throws(SystemError) {
        for _ in 0..<threadCount {
            let thread = try PosixThread { [self] in run() }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Has the upload's `work` called soon.
    func submit(_ upload: BatchUpload) {
        state.withLock { $0.queue.append(upload) }
        bell.signal()
    }

    /// Ends the threads once the queue is empty, and waits for them.
    func stop() {
        state.withLock { $0.isStopping = true }
        for _ in 0..<threadCount { bell.signal() }
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    private func run() {
        PosixThread.yieldToOthers(niceness: Self.niceness)
        while true {
            bell.wait()
            let (upload, isStopping) = state.withLock { state in
                (state.queue.isEmpty ? nil : state.queue.removeFirst(), state.isStopping)
            }
            if let upload {
                if upload.work() { submit(upload) }
            } else if isStopping {
                return
            }
        }
    }
}
