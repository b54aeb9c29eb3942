// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import Synchronization
import Testing

@testable import Registry

/// Threads that wait for models to load.
@Suite(.timeLimit(.minutes(1))) struct IdleLoadersTests {
    @Test func nobodyWaits_andNobodyIsWoken() {
        let loaders = IdleLoaders(patience: .milliseconds(1))
        #expect(!loaders.wakeOne())
        // Nobody comes.
        #expect(!loaders.wait())
        #expect(!loaders.wakeOne())
    }

    @Test func eachWakeUp_reachesOneThread() throws {
        let loaders = IdleLoaders(patience: .seconds(60))
        let woken = Atomic(0)
        let threads = try (0..<4).map { _ in
            try PosixThread { if loaders.wait() { woken.wrappingAdd(1, ordering: .relaxed) } }
        }
        var left = 4
        while left > 0 { if loaders.wakeOne() { left -= 1 } }
        for thread in threads { thread.join() }
        #expect(woken.load(ordering: .relaxed) == 4)
        #expect(!loaders.wakeOne())
    }

    @Test func aWakeUpThatMeetsTheEndOfPatience_isNotLost() throws {
        let loaders = IdleLoaders(patience: .microseconds(50))
        let done = Atomic(0)
        let given = Atomic(0)
        let threads = try (0..<2).map { _ in
            try PosixThread {
                for _ in 0..<2_000 where loaders.wait() { done.wrappingAdd(1, ordering: .relaxed) }
            }
        }
        let waker = try PosixThread {
            for _ in 0..<200_000 where loaders.wakeOne() { given.wrappingAdd(1, ordering: .relaxed) }
        }
        for thread in threads { thread.join() }
        waker.join()
        // Whoever was counted on has gone on, and nobody else has.
        #expect(done.load(ordering: .relaxed) == given.load(ordering: .relaxed))
    }
}
