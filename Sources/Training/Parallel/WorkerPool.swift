// SPDX-License-Identifier: Apache-2.0
private import Base
import Glibc
import Synchronization

/// Threads that share out the tasks of one job at a time; the caller is one of them.
///
/// A job of some 20 µs is worth sharing, because a thread that has nothing to do looks out for the next job
/// for ten times as long before it sleeps. State: small and shared. A job is published by `isOpen`, and
/// nobody is in it any more when `activeCount` is 0 after `isOpen` was taken back; sleepers are guarded by
/// the lock.
@safe final class WorkerPool: Sendable {
    /// What a thread that sleeps waits for. Separate from the pool, so that threads do not keep it alive.
    @safe private final class Shared: Sendable {
        // Safe because it is written while `isOpen` is false and `activeCount` 0, and read between.
        nonisolated(unsafe) var body: ((Int, Int) -> Void)?
        let isOpen = Atomic<Bool>(false)
        let isClosing = Atomic<Bool>(false)
        let generation = Atomic<Int>(0)
        let activeCount = Atomic<Int>(0)
        let sleeperCount = Atomic<Int>(0)
        let nextTask = Atomic<Int>(0)
        let taskCount = Atomic<Int>(0)
        // Safe because both are made before the first thread starts and live as long as this object.
        nonisolated(unsafe) let lock: UnsafeMutablePointer<pthread_mutex_t>
        nonisolated(unsafe) let wake: UnsafeMutablePointer<pthread_cond_t>

        init() {
            // Safe because the lock and its condition live as long as this object, see above.
            unsafe lock = .allocate(capacity: 1)
            unsafe wake = .allocate(capacity: 1)
            unsafe pthread_mutex_init(lock, nil)
            unsafe pthread_cond_init(wake, nil)
        }

        deinit {
            // Safe because the lock and its condition live as long as this object, see above.
            unsafe pthread_cond_destroy(wake)
            unsafe pthread_mutex_destroy(lock)
            unsafe wake.deallocate()
            unsafe lock.deallocate()
        }

        /// Takes tasks until there are none.
        func work(_ worker: Int) {
            // Safe because the body is written only while nobody is in a job, see above.
            guard let body = unsafe body else { return }
            let count = taskCount.load(ordering: .relaxed)
            while true {
                let task = nextTask.wrappingAdd(1, ordering: .relaxed).oldValue
                if task >= count { return }
                body(worker, task)
            }
        }

        /// A thread's life.
        func run(_ worker: Int) {
            var seen = 0
            while true {
                seen = awaitChange(from: seen)
                if isClosing.load(ordering: .acquiring) { return }
                activeCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
                if isOpen.load(ordering: .sequentiallyConsistent) { work(worker) }
                activeCount.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            }
        }

        private func awaitChange(from seen: Int) -> Int {
            for _ in 0..<WorkerPool.looks {
                let now = generation.load(ordering: .acquiring)
                if now != seen { return now }
            }
            // Safe because the lock and its condition live as long as this object, see above.
            unsafe pthread_mutex_lock(lock)
            sleeperCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
            while generation.load(ordering: .sequentiallyConsistent) == seen {
                unsafe pthread_cond_wait(wake, lock)
            }
            sleeperCount.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            unsafe pthread_mutex_unlock(lock)
            return generation.load(ordering: .acquiring)
        }

        func announce() {
            generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
            guard sleeperCount.load(ordering: .sequentiallyConsistent) > 0 else { return }
            // Safe because the lock and its condition live as long as this object, see above.
            unsafe pthread_mutex_lock(lock)
            unsafe pthread_cond_broadcast(wake)
            unsafe pthread_mutex_unlock(lock)
        }
    }

    /// How often a thread looks for a job before it sleeps: about 200 µs. On a machine that has other work a
    /// thread that slept comes back milliseconds late.
    private static let looks = 200_000

    /// Threads that work, the caller with them.
    let count: Int
    private let shared = Shared()
    private let threads: [PosixThread]

    /// `threadCount` threads at most, the caller with them; fewer when the system gives no more.
    init(threadCount: Int) {
        var threads: [PosixThread] = []
        let shared = shared
        for worker in 1..<max(1, threadCount) {
            guard let thread = try? PosixThread({ shared.run(worker) }) else { break }
            threads.append(thread)
        }
        self.threads = threads
        count = threads.count + 1
    }

    deinit {
        shared.isClosing.store(true, ordering: .releasing)
        shared.announce()
        for thread in threads { thread.join() }
    }

    /// Runs `body` for the tasks 0 up to `taskCount`, each once, in any order and on any of the threads;
    /// `worker` says on which. Returns when all are done. Never from inside a job.
    func run(_ taskCount: Int, _ body: (_ worker: Int, _ task: Int) -> Void) {
        if count == 1 || taskCount < 2 {
            for task in 0..<taskCount { body(0, task) }
            return
        }
        withoutActuallyEscaping(body) { body in
            // Safe because the body is written only while nobody is in a job, see above.
            unsafe shared.body = body
            shared.taskCount.store(taskCount, ordering: .relaxed)
            shared.nextTask.store(0, ordering: .relaxed)
            shared.isOpen.store(true, ordering: .sequentiallyConsistent)
            shared.announce()
            shared.work(0)
            shared.isOpen.store(false, ordering: .sequentiallyConsistent)
            var looks = 0
            while shared.activeCount.load(ordering: .sequentiallyConsistent) > 0 {
                looks += 1
                if looks > WorkerPool.looks { sched_yield() }
            }
            unsafe shared.body = nil
        }
    }
}
