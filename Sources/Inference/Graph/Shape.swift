// SPDX-License-Identifier: Apache-2.0

/// The sizes of a tensor's axes, at most eight, without an allocation. No axes: a scalar.
package struct Shape: Sendable, Equatable, CustomStringConvertible {
    package static let rankMax = 8
    private var sizes = InlineArray<8, Int>(repeating: 1)
    package private(set) var rank = 0

    package init() {}

    /// The first `rankMax` of `sizes`; more never come here, because every reader of shapes counts them.
    package init(_ sizes: [Int]) {
        precondition(sizes.count <= Shape.rankMax, "a shape of more than eight axes")
        for size in sizes { append(size) }
    }

    package init(_ first: Int) { append(first) }

    package init(_ first: Int, _ second: Int) {
        append(first)
        append(second)
    }

    package mutating func append(_ size: Int) {
        precondition(rank < Shape.rankMax, "a shape of more than eight axes")
        sizes[rank] = size
        rank += 1
    }

    package subscript(axis: Int) -> Int {
        get { sizes[axis] }
        set { sizes[axis] = newValue }
    }

    /// The number of elements. Tensors are made through checks that keep it from overflowing.
    package var count: Int { product(0..<rank) }

    /// The product of some axes' sizes, 1 for none of them.
    package func product(_ axes: Range<Int>) -> Int {
        var product = 1
        for axis in axes { product &*= sizes[axis] }
        return product
    }

    package var dimensions: [Int] { (0..<rank).map { sizes[$0] } }

    package var description: String { "\(dimensions)" }

    package static func == (left: Shape, right: Shape) -> Bool {
        guard left.rank == right.rank else { return false }
        for axis in 0..<left.rank where left.sizes[axis] != right.sizes[axis] { return false }
        return true
    }

    /// The number of elements when it is sane: every size from 0, together at most what one tensor may have.
    var checkedCount: Int? {
        var product = 1
        for axis in 0..<rank {
            let (next, overflow) = product.multipliedReportingOverflow(by: sizes[axis])
            if overflow || sizes[axis] < 0 || next > GraphLimits.elementsMax { return nil }
            product = next
        }
        return product
    }

    /// `axis` counted from the front; negative ones count from behind.
    func axis(_ axis: Int, adding extra: Int = 0) throws(OperatorError) -> Int {
        let rank = rank + extra
        let resolved = axis < 0 ? axis + rank : axis
        guard resolved >= 0 && resolved < max(rank, 1) else {
            throw OperatorError("axis \(axis) is none of a tensor with \(rank)")
        }
        return resolved
    }

    /// Distances between neighbours along each axis.
    var strides: InlineArray<8, Int> {
        var strides = InlineArray<8, Int>(repeating: 0)
        var stride = 1
        for axis in (0..<rank).reversed() {
            strides[axis] = stride
            stride &*= sizes[axis]
        }
        return strides
    }

    /// The shape that both broadcast to (NumPy's rules).
    func broadcast(with other: Shape) throws(OperatorError) -> Shape {
        var result = Shape()
        let rank = max(rank, other.rank)
        for axis in 0..<rank {
            let left = axis + self.rank - rank
            let right = axis + other.rank - rank
            let a = left < 0 ? 1 : self[left]
            let b = right < 0 ? 1 : other[right]
            guard a == b || a == 1 || b == 1 else {
                throw OperatorError("shapes \(self) and \(other) do not broadcast")
            }
            result.append(a == 1 ? b : a)
        }
        return result
    }

    /// Strides to walk this shape as if it were `target`: 0 along stretched axes. Aligned with `target`'s
    /// axes.
    func strides(broadcastTo target: Shape) -> InlineArray<8, Int> {
        let own = strides
        var strides = InlineArray<8, Int>(repeating: 0)
        for axis in 0..<rank {
            let place = axis + target.rank - rank
            if place >= 0 && self[axis] != 1 { strides[place] = own[axis] }
        }
        return strides
    }
}

/// What one run of a graph may need, whatever its file says.
enum GraphLimits {
    static let elementsMax = 1 << 26
    /// Results of load-time evaluation that are kept as constants.
    static let foldedElementsMax = 1 << 22
    static let iterationsMax = 1 << 20
}
