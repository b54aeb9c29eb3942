// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Testing

@testable import Base

struct PosixThreadTests {
    private static func niceness() -> CInt { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }

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
