// SPDX-License-Identifier: Apache-2.0

/// Memory of a fixed size for numbers that several threads work on, each on its own part.
///
/// Immutable but for the numbers; who writes which of them when is up to the owner, who says so.
@safe final class NumberMemory<Number: BitwiseCopyable>: @unchecked Sendable {
    // Safe because the memory lives as long as this object, which holds no other state; owners give threads
    // parts that do not overlap.
    let start: UnsafeMutablePointer<Number>
    let count: Int

    /// `count` numbers, each `number`.
    init(count: Int, repeating number: Number) {
        self.count = count
        // Safe because the memory is this object's own and has `count` numbers, at least one.
        unsafe start = .allocate(capacity: max(count, 1))
        unsafe start.initialize(repeating: number, count: max(count, 1))
    }

    // Safe because the memory is this object's own and has `count` numbers, at least one.
    deinit { unsafe start.deallocate() }

    subscript(index: Int) -> Number {
        get {
            precondition(index >= 0 && index < count, "outside of the memory")
            // Safe because the memory is this object's own and has `count` numbers, at least one.
            return unsafe start[index]
        }
        set {
            precondition(index >= 0 && index < count, "outside of the memory")
            // Safe because of the line above, and the memory is this object's own.
            unsafe start[index] = newValue
        }
    }

    /// Fills the memory with `number`.
    // Safe because the memory is this object's own and has `count` numbers, at least one.
    func fill(with number: Number) { unsafe start.update(repeating: number, count: count) }

    /// Copies the first `count` numbers of `other`.
    func copy(_ other: NumberMemory<Number>, count: Int) {
        precondition(count <= self.count && count <= other.count, "outside of the memory")
        // Safe because the memory is this object's own and has `count` numbers, at least one.
        unsafe start.update(from: other.start, count: count)
    }

    /// The numbers, for loops that check bounds.
    var span: Span<Number> {
        @_lifetime(borrow self)
        get {
            // Safe because the memory lives as long as this object.
            let span = unsafe Span(_unsafeStart: start, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
