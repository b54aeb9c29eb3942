// SPDX-License-Identifier: Apache-2.0

extension WorkQueue {
    /// Requests of one kind, light or heavy: those that wait, in their order, and the cost of all.
    struct Lane: Sendable {
        private(set) var waiting: [Entry] = []
        private var head = 0
        private(set) var waitingCost: UInt64 = 0
        var runningCost: UInt64 = 0
        var runningCount = 0

        var count: Int { waiting.count - head }
        var indices: Range<Int> { head..<waiting.count }

        /// Behind those of its rank and those before it.
        mutating func append(_ entry: Entry) {
            var place = waiting.count
            while place > head, waiting[place - 1].rank > entry.rank { place -= 1 }
            waiting.insert(entry, at: place)
            waitingCost += entry.cost
        }

        mutating func take(at index: Int) -> Entry {
            let entry = waiting[index]
            if index == head {
                head += 1
            } else {
                waiting.remove(at: index)
            }
            if head == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 64 && head * 2 > waiting.count {
                waiting.removeFirst(head)
                head = 0
            }
            waitingCost -= entry.cost
            runningCost += entry.cost
            runningCount += 1
            return entry
        }
    }
}
