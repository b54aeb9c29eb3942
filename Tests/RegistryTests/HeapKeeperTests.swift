// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Registry

struct HeapKeeperTests {
    /// The budget, and the bytes of loads after which the heap gives back what is free.
    @Test(arguments: [
        (0, 16 << 20), (1 << 10, 1 << 20), (64 << 20, 1 << 20), (1 << 30, 16 << 20), (1 << 40, 64 << 20),
    ])
    func soManyBytesOfLoads_areWorthIt(budget: Int, limit: Int) {
        let heap = HeapKeeper(memoryBudget: budget)
        for _ in 0..<3 {
            #expect(!heap.noteLoad(of: limit - 1))
            #expect(heap.noteLoad(of: 1))
        }
        #expect(heap.noteLoad(of: limit * 5) && !heap.noteLoad(of: 0))
    }

    @Test func afterTheLastLoad_oneSmallModelIsNotWorthIt() {
        let heap = HeapKeeper(memoryBudget: 1 << 30)
        #expect(!heap.isWorthIt())
        #expect(!heap.noteLoad(of: 1 << 19) && !heap.isWorthIt())
        #expect(!heap.noteLoad(of: 1 << 19) && heap.isWorthIt())
        #expect(!heap.isWorthIt())
    }
}
