// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// What the nodes of a forest read, and how it is gathered.
struct TreeSlots: Sendable {
    /// Rows that go through all trees together: few enough for their slots to stay in the first cache.
    static let blockRows = 64

    private let slots: [TreeSlot]
    /// The features of the plain slots: those that hold x, then those that hold -x.
    private let features: [Int32]
    private let positiveCount: Int
    private let categories: TreeCategories?
    private let categoryRule: TreeRules.CategoryRule
    /// The answers of all sets, a table a feature; none when they would be large.
    private let tables: [CategoryTable]
    /// The slots behind the plain ones that no table fills.
    private let questions: Range<Int>

    /// `slots` is sorted.
    init(_ slots: [TreeSlot], _ ensemble: TreeEnsemble) {
        self.slots = slots
        features = slots.filter(\.isPlain).map { Int32($0.feature) }
        positiveCount = slots.count { $0.isPlain && !$0.isNegative }
        categories = ensemble.categories
        categoryRule = ensemble.rules.categoryRule
        tables = CategoryTable.tables(slots, ensemble)
        questions = features.count..<(tables.first?.firstSlot ?? slots.count)
    }

    /// Slots of a gathered row, which has room for one even if nothing is read.
    var strideCount: Int { max(slots.count, 1) }

    /// Copies the slots of up to `blockRows` rows, eight rows interleaved; lanes beyond the rows hold
    /// anything.
    func gather<Value: TreeValue>(
        _ inputs: Span<Value>, rowCount: Int, inputCount: Int, into gathered: inout [Value]
    ) {
        precondition(inputs.count == rowCount * inputCount, "the rows have another width than the model")
        let needed = (rowCount + 7) / 8 * 8 * strideCount
        if gathered.count < needed { gathered = Array(repeating: 0, count: needed) }
        // Safe because the builder found every feature below `inputCount`, and there is a lane for each row.
        unsafe inputs.withUnsafeBufferPointer { inputs in
            unsafe gathered.withUnsafeMutableBufferPointer { gathered in
                guard let inputs = inputs.baseAddress, let gathered = gathered.baseAddress else { return }
                for row in 0..<rowCount {
                    let lane = unsafe gathered + (row / 8 * 8 * strideCount + row % 8)
                    unsafe gather(inputs + row * inputCount, into: lane)
                }
            }
        }
    }

    @inline(__always) private func gather<Value: TreeValue>(
        _ row: UnsafePointer<Value>, into lane: UnsafeMutablePointer<Value>
    ) {
        // Safe because only the function above calls it.
        unsafe features.withUnsafeBufferPointer { features in
            var index = 0
            while index < positiveCount {
                unsafe lane[index &* slotStride] = row[Int(features[index])]
                index &+= 1
            }
            while index < features.count {
                unsafe lane[index &* slotStride] = row[Int(features[index])].withSign(flipped: true)
                index &+= 1
            }
        }
        for index in questions {
            let slot = slots[index]
            unsafe lane[index &* slotStride] = slot.number(
                row[Int(slot.feature)], categories, categoryRule)
        }
        for index in tables.indices {
            let value = unsafe row[tables[index].feature]
            unsafe tables[index].write(value, to: lane + tables[index].firstSlot &* slotStride)
        }
    }
}
