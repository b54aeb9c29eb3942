// SPDX-License-Identifier: Apache-2.0

/// A node as the walk reads it: a row goes to `base + 1` when `row[slot] <= threshold`, else to `base`.
///
/// A leaf never lets a row pass (its threshold is NaN) and is its own base, so that a walk may go on standing on it.
protocol TreeNode: BitwiseCopyable, Sendable {
    init?(threshold: Float, slot: Int, base: Int)
    var threshold: Float { get }
    /// Index into the gathered row.
    var slotIndex: Int { get }
    /// Index within the tree of the pair of children.
    var baseIndex: Int { get }
}

/// Eight bytes: trees of at most 65,536 nodes over at most 65,536 slots, which is nearly every model.
struct CompactNode: TreeNode {
    let threshold: Float
    private let slot: UInt16
    private let base: UInt16

    init?(threshold: Float, slot: Int, base: Int) {
        guard let slot = UInt16(exactly: slot), let base = UInt16(exactly: base) else { return nil }
        self.threshold = threshold
        self.slot = slot
        self.base = base
    }

    @inline(__always) var slotIndex: Int { Int(slot) }
    @inline(__always) var baseIndex: Int { Int(base) }
}

/// Twelve bytes, for what does not fit into eight.
struct WideNode: TreeNode {
    let threshold: Float
    private let slot: UInt32
    private let base: UInt32

    init?(threshold: Float, slot: Int, base: Int) {
        guard let slot = UInt32(exactly: slot), let base = UInt32(exactly: base) else { return nil }
        self.threshold = threshold
        self.slot = slot
        self.base = base
    }

    @inline(__always) var slotIndex: Int { Int(slot) }
    @inline(__always) var baseIndex: Int { Int(base) }
}
