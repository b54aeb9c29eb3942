// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Testing

@testable import Base

struct PosixThreadTests {
    private static func niceness() -> CInt { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }

    /// `SCHED_BATCH`, which glibc's header has for C with GNU extensions only.
    private static let batch: CInt = 3

    /// Whether the calling thread leaves the processor to whoever wakes it up.
    private static func isBatch() -> Bool { sched_getscheduler(0) == batch }

    @Test(arguments: [false, true])
    func oneInTheBackground_doesNotTakeTheProcessorFromWhoeverWakesItUp(isBackground: Bool) throws {
        let inside = Mutex<Bool?>(nil)
        let thread = try PosixThread {
            PosixThread.yieldToOthers(niceness: 10, isBackground: isBackground)
            inside.withLock { $0 = Self.isBatch() }
        }
        thread.join()
        #expect(inside.withLock { $0 } == isBackground)
        #expect(!Self.isBatch())
    }

    @Test func oneThatWakesPromptly_staysUnderTheUsualPolicy() throws {
        let inside = Mutex<Bool?>(nil)
        let thread = try PosixThread {
            PosixThread.wakePromptly()
            inside.withLock { $0 = Self.isBatch() }
        }
        thread.join()
        #expect(inside.withLock { $0 } == false)
    }

    @Test func oneThreadThatYields_leavesTheOthersAsTheyWere() throws {
        let before = Self.niceness()
        let inside = Mutex<CInt?>(nil)
        let thread = try PosixThread {
            PosixThread.yieldToOthers(niceness: 19)
            inside.withLock { $0 = Self.niceness() }
        }
        thread.join()
        #expect(inside.withLock { $0 } == 19)
        #expect(Self.niceness() == before)
    }
}
