// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Registry

/// How many threads load.
struct LoadThreadsTests {
    /// What `begin` says to each of so many loads that wait.
    private func begin(_ threads: inout LoadThreads, queued: [Int], limit: Int = 4) -> [Bool] {
        var answers: [Bool] = []
        for count in queued { answers.append(threads.begin(queued: count, limit: limit)) }
        return answers
    }

    @Test func oneLoad_takesOneThread() {
        var threads = LoadThreads()
        // The first has not looked yet when a second load comes.
        let answers = begin(&threads, queued: [1, 1, 2, 2])
        #expect(answers == [true, false, true, false])
        #expect(threads.count == 2)
    }

    @Test func aThreadThatLoads_takesNoOther() {
        var threads = LoadThreads()
        let first = begin(&threads, queued: [1])
        threads.arrive()
        // It has taken the first load and is busy with it.
        let later = begin(&threads, queued: [0, 1])
        #expect(first == [true] && later == [false, true])
        #expect(threads.count == 2)
    }

    @Test func noMoreThreads_thanMayLoad() {
        var threads = LoadThreads()
        let full = begin(&threads, queued: [9, 9, 9], limit: 2)
        threads.arrive()
        threads.end()
        let free = begin(&threads, queued: [9], limit: 2)
        #expect(full == [true, true, false] && free == [true])
    }
}
