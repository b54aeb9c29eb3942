// SPDX-License-Identifier: Apache-2.0
import Glibc

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
        let byteCount = max(count, 1) * MemoryLayout<Number>.stride
        let isLarge = byteCount >= 2 * NumberMemory.pageBytes
        // Safe because the memory is this object's own and has `count` numbers, at least one.
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount, alignment: isLarge ? NumberMemory.pageBytes : 64)
        if isLarge { _ = unsafe madvise(bytes, byteCount, MADV_HUGEPAGE) }
        unsafe start = bytes.initializeMemory(as: Number.self, repeating: number, count: max(count, 1))
    }

    // Safe because the memory is this object's own, and numbers need nothing done at their end.
    deinit { unsafe UnsafeMutableRawPointer(start).deallocate() }

    /// Large memory lies in pages of this size where the system has them: rows far apart in 4 KiB pages cost
    /// the processor the look-up of a page each.
    private static var pageBytes: Int { 2 << 20 }

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
