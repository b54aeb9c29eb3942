// SPDX-License-Identifier: Apache-2.0

/// A node as the walk reads it. A row goes `offset + 1` nodes forward when `row[slot] <= threshold`, else
/// `offset` nodes.
///
/// A leaf lets no row pass (its threshold is NaN) and has the offset 0, so that a walk may go on standing
/// on it.
protocol TreeNode: BitwiseCopyable, Sendable {
    associatedtype Value: TreeValue
    init?(threshold: Value, slot: Int, offset: Int)
    var threshold: Value { get }
    /// Where the gathered row holds the slot: its index times `slotStride`.
    var place: Int { get }
    /// Nodes from this one to the first of its two children.
    var offset: Int { get }
}

/// Numbers from a slot of a gathered row to the next: eight rows lie interleaved, so that one pointer
/// serves all.
let slotStride = 8

/// Eight bytes: children at most 65,535 nodes away and at most 8,192 slots, which is nearly every model.
struct CompactNode: TreeNode {
    let threshold: Float
    private let scaledSlot: UInt16
    private let distance: UInt16

    init?(threshold: Float, slot: Int, offset: Int) {
        guard let scaledSlot = UInt16(exactly: slot * slotStride), let distance = UInt16(exactly: offset)
        else { return nil }
        self.threshold = threshold
        self.scaledSlot = scaledSlot
        self.distance = distance
    }

    @inline(__always) var place: Int { Int(scaledSlot) }
    @inline(__always) var offset: Int { Int(distance) }
}

/// Sixteen bytes, for what does not fit into eight.
struct WideNode: TreeNode {
    let threshold: Float
    private let scaledSlot: UInt32
    private let distance: Int

    init?(threshold: Float, slot: Int, offset: Int) {
        guard let scaledSlot = UInt32(exactly: slot * slotStride) else { return nil }
        self.threshold = threshold
        self.scaledSlot = scaledSlot
        distance = offset
    }

    @inline(__always) var place: Int { Int(scaledSlot) }
    @inline(__always) var offset: Int { distance }
}

/// Sixteen bytes around a Float64 threshold, for models that compare in that type.
struct DoubleNode: TreeNode {
    let threshold: Double
    private let scaledSlot: UInt32
    private let distance: UInt32

    init?(threshold: Double, slot: Int, offset: Int) {
        guard let scaledSlot = UInt32(exactly: slot * slotStride), let distance = UInt32(exactly: offset)
        else { return nil }
        self.threshold = threshold
        self.scaledSlot = scaledSlot
        self.distance = distance
    }

    @inline(__always) var place: Int { Int(scaledSlot) }
    @inline(__always) var offset: Int { Int(distance) }
}
