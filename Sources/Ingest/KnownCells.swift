// SPDX-License-Identifier: Apache-2.0
import Tabular

/// What the short cells of a file's columns stand for, as far as they have been met: one search by two words
/// for each cell, in memory of all columns side by side.
struct KnownCells {
    /// The answer for a cell that has not been met.
    static let unknown: Int32 = -2

    private struct Slot {
        var first: UInt64 = 0
        var second: UInt64 = 0
        var code = KnownCells.unknown
    }

    /// `slotCount` for each column, a power of two, at most half of them taken.
    private var slots: [Slot] = []
    private var slotCount = 64
    /// For each column how many cells are known.
    private var counts: [Int] = []
    /// Slots of all columns at most; cells beyond that stay unknown, which costs time only.
    private static let slotsMax = 1 << 18

    init() {}

    /// - Parameter missing: what cells that stand for a missing value hold.
    init(columnCount: Int, missing: [String]) {
        counts = [Int](repeating: 0, count: columnCount)
        slots = [Slot](repeating: Slot(), count: columnCount * slotCount)
        // Spaces around a cell do not count, and no word has any.
        for word in missing where trimmed(word.utf8Span.span).count == word.utf8.count {
            // A cell is told from a line, which has something behind it.
            let line = Array((word + "\n" + String(repeating: " ", count: 16)).utf8)
            guard let cell = ShortCell(line.span, from: 0, UInt8(ascii: "\n")),
                cell.end == word.utf8.count
            else { continue }
            for column in 0..<columnCount { insert(cell, column, Column.missingCode) }
        }
    }

    /// What the cell stands for in the column.
    @inline(__always)
    func code(_ cell: ShortCell, _ column: Int) -> Int32 {
        let slots = slots.span
        let start = column * slotCount
        var place = KnownCells.place(cell.first, cell.second, slotCount)
        while true {
            let slot = slots[start + place]
            if slot.first == cell.first && slot.second == cell.second || slot.code == KnownCells.unknown {
                return slot.code
            }
            place = (place + 1) & (slotCount - 1)
        }
    }

    /// Notes what the cell stands for; what is noted already stays.
    mutating func insert(_ cell: ShortCell, _ column: Int, _ code: Int32) {
        guard self.code(cell, column) == KnownCells.unknown else { return }
        if 2 * (counts[column] + 1) > slotCount {
            guard 4 * slots.count <= KnownCells.slotsMax else { return }
            grow()
        }
        counts[column] += 1
        put(Slot(first: cell.first, second: cell.second, code: code), column)
    }

    private mutating func put(_ slot: Slot, _ column: Int) {
        var place = KnownCells.place(slot.first, slot.second, slotCount)
        while slots[column * slotCount + place].code != KnownCells.unknown {
            place = (place + 1) & (slotCount - 1)
        }
        slots[column * slotCount + place] = slot
    }

    private mutating func grow() {
        let old = (slots: slots, count: slotCount)
        slotCount *= 4
        slots = [Slot](repeating: Slot(), count: counts.count * slotCount)
        for index in old.slots.indices where old.slots[index].code != KnownCells.unknown {
            put(old.slots[index], index / old.count)
        }
    }

    @inline(__always)
    private static func place(_ first: UInt64, _ second: UInt64, _ slotCount: Int) -> Int {
        let mixed = (first ^ (second &* 0xC2B2_AE3D_27D4_EB4F)) &* 0x9E37_79B9_7F4A_7C15
        // The top bits: only they depend on all bytes.
        return Int(truncatingIfNeeded: mixed &>> UInt64(64 &- slotCount.trailingZeroBitCount))
    }
}
