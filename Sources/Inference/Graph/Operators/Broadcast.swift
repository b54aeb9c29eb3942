// SPDX-License-Identifier: Apache-2.0

/// How the elements of two tensors pair up when one or both are stretched to a common shape.
struct Broadcast {
    let shape: Shape
    private let form: Form
    private let count: Int

    private enum Form {
        case same
        case leftScalar
        case rightScalar
        /// The right one is repeated along the first axes.
        case rightRepeats(Int)
        case general(InlineArray<8, Int>, InlineArray<8, Int>)
    }

    init(_ left: Shape, _ right: Shape) throws(OperatorError) {
        shape = try left.broadcast(with: right)
        guard let count = shape.checkedCount else {
            throw OperatorError("a result of shape \(shape) is too large")
        }
        self.count = count
        if left.count == count && right.count == count {
            form = .same
        } else if right.count == 1 && left.count == count {
            form = .rightScalar
        } else if left.count == 1 && right.count == count {
            form = .leftScalar
        } else if left.count == count, right.count > 0, Broadcast.isSuffix(right, of: shape) {
            form = .rightRepeats(right.count)
        } else {
            form = .general(left.strides(broadcastTo: shape), right.strides(broadcastTo: shape))
        }
    }

    /// Whether `part` without leading ones is the end of `whole`.
    private static func isSuffix(_ part: Shape, of whole: Shape) -> Bool {
        var first = 0
        while first < part.rank && part[first] == 1 { first += 1 }
        let length = part.rank - first
        guard length <= whole.rank else { return false }
        for axis in 0..<length where part[first + axis] != whole[whole.rank - length + axis] { return false }
        return true
    }

    /// result[i] = function(left, right) for every pair; inlined so that `function` is too.
    @inline(__always)
    func apply<Left, Right, Result>(
        _ left: Span<Left>, _ right: Span<Right>, _ result: inout MutableSpan<Result>,
        _ function: (Left, Right) -> Result
    ) {
        switch form {
        case .same:
            precondition(left.count >= count && right.count >= count && result.count >= count)
            for index in 0..<count {
                // Safe because all three were just found long enough.
                unsafe result[unchecked: index] = function(left[unchecked: index], right[unchecked: index])
            }
        case .rightScalar:
            let value = right[0]
            precondition(left.count >= count && result.count >= count)
            for index in 0..<count {
                // Safe because both were just found long enough.
                unsafe result[unchecked: index] = function(left[unchecked: index], value)
            }
        case .leftScalar:
            let value = left[0]
            for index in 0..<count { result[index] = function(value, right[index]) }
        case .rightRepeats(let length):
            var base = 0
            while base < count {
                for index in 0..<length { result[base + index] = function(left[base + index], right[index]) }
                base += length
            }
        case .general(let leftStrides, let rightStrides):
            walk(leftStrides, rightStrides) { place, leftPlace, rightPlace in
                result[place] = function(left[leftPlace], right[rightPlace])
            }
        }
    }

    /// Calls `body` with the place in the result and in both tensors, in the result's order.
    @inline(__always)
    private func walk(
        _ leftStrides: InlineArray<8, Int>, _ rightStrides: InlineArray<8, Int>,
        _ body: (Int, Int, Int) -> Void
    ) {
        if count == 0 { return }
        let rank = shape.rank
        var counters = InlineArray<8, Int>(repeating: 0)
        var left = 0
        var right = 0
        for place in 0..<count {
            body(place, left, right)
            var axis = rank - 1
            while axis >= 0 {
                counters[axis] += 1
                left += leftStrides[axis]
                right += rightStrides[axis]
                if counters[axis] < shape[axis] { break }
                counters[axis] = 0
                left -= leftStrides[axis] * shape[axis]
                right -= rightStrides[axis] * shape[axis]
                axis -= 1
            }
        }
    }
}

extension Shape {
    /// For each element of `target`, in order, its place in a tensor of this shape stretched to it.
    func places(broadcastTo target: Shape) -> [Int] {
        var places: [Int] = []
        target.walk(strides(broadcastTo: target), from: 0) { places.append($0) }
        return places
    }

    /// Calls `body` with a place that moves by `strides` as the elements of this shape are counted through.
    @inline(__always)
    func walk(_ strides: InlineArray<8, Int>, from start: Int, _ body: (Int) -> Void) {
        let count = count
        if count == 0 { return }
        var counters = InlineArray<8, Int>(repeating: 0)
        var place = start
        for _ in 0..<count {
            body(place)
            var axis = rank - 1
            while axis >= 0 {
                counters[axis] += 1
                place += strides[axis]
                if counters[axis] < self[axis] { break }
                counters[axis] = 0
                place -= strides[axis] * self[axis]
                axis -= 1
            }
        }
    }
}
