// SPDX-License-Identifier: Apache-2.0

/// A growable run of bytes with one owner: answers are written into it, sockets and files drain it.
///
/// The memory is kept when the buffer is cleared, so a loop that reuses one buffer stops allocating after its
/// first requests; `releaseMemory(above:)` gives it back when an owner goes idle.
@safe package struct ByteBuffer: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    package private(set) var count = 0

    package init(capacity: Int = 0) {
        self.capacity = max(capacity, 64)
        // Safe because the memory is owned by this value alone and freed in `deinit`.
        unsafe base = .allocate(capacity: self.capacity)
    }

    deinit {
        // Safe because nothing can hold the memory after its only owner is gone.
        unsafe base.deallocate()
    }

    package var isEmpty: Bool { count == 0 }

    /// The bytes written so far.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Safe because the first `count` bytes are initialised and live as long as the borrow of `self`.
            unsafe _overrideLifetime(Span(_unsafeStart: UnsafePointer(base), count: count), borrowing: self)
        }
    }

    /// Makes room for `extra` more bytes; growth doubles, so appending is amortised O(1).
    package mutating func reserve(_ extra: Int) {
        if capacity - count < extra { grow(by: extra) }
    }

    @inlinable
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        // Safe because `reserve` made one byte free after `count`.
        unsafe freeStart.pointee = byte
        advance(1)
    }

    package mutating func append(_ text: StaticString) {
        // Safe because a static string's UTF-8 is immortal and is copied whole.
        unsafe copyIn(text.utf8Start, text.utf8CodeUnitCount)
    }

    /// Literals are taken for static strings, which cost no reference count.
    @_disfavoredOverload
    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            guard let start = utf8.baseAddress else { return }
            // Safe because the UTF-8 view is only read inside the closure and copied whole.
            unsafe copyIn(start, utf8.count)
        }
    }

    package mutating func append(_ span: Span<UInt8>) {
        // Safe because the span's memory is only read inside the closure and copied whole.
        unsafe span.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe copyIn(start, source.count)
        }
    }

    /// Hands `body` at least `limit` free bytes; `body` returns how many it initialised from the start.
    @inlinable
    package mutating func withFreeSpace(_ limit: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        reserve(limit)
        // Safe because `reserve` made `limit` bytes free after `count`, and the precondition holds `body` to
        // them.
        let written = unsafe body(freeStart)
        precondition(written >= 0 && written <= limit, "a writer went past the space that it asked for")
        advance(written)
    }

    /// Forgets the content and keeps the memory.
    package mutating func clear() { count = 0 }

    /// Keeps only the first `length` bytes; what lies beyond is forgotten.
    package mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count, "a buffer cannot be truncated to more than it holds")
        count = length
    }

    /// Drops the first `length` bytes and moves the rest to the front.
    package mutating func removeFirst(_ length: Int) {
        precondition(length >= 0 && length <= count, "more bytes removed than there are")
        // Safe because both ranges lie inside the initialised bytes; `update` allows overlap.
        unsafe base.update(from: base + length, count: count - length)
        count -= length
    }

    /// Copies the bytes of `range` to `target`, which lies before them, inside the content.
    package mutating func move(_ range: Range<Int>, to target: Int) {
        precondition(
            target >= 0 && target <= range.lowerBound && range.upperBound <= count,
            "a move outside the content")
        // Safe because both ranges lie inside the initialised bytes; `update` allows overlap.
        unsafe (base + target).update(from: base + range.lowerBound, count: range.count)
    }

    /// Drops the bytes of `range`; what follows moves up.
    package mutating func removeSubrange(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "more bytes removed than there are")
        move(range.upperBound..<count, to: range.lowerBound)
        count -= range.count
    }

    /// Gives memory beyond `limit` bytes back when the content fits into `limit`.
    package mutating func releaseMemory(above limit: Int) {
        if capacity > limit && count <= limit { reallocate(to: max(limit, 64)) }
    }

    // Safe because `count` never exceeds the capacity.
    @usableFromInline
    package var freeStart: UnsafeMutablePointer<UInt8> { unsafe base + count }

    @usableFromInline
    package mutating func advance(_ written: Int) { count += written }

    private mutating func copyIn(_ source: UnsafePointer<UInt8>, _ length: Int) {
        reserve(length)
        // Safe because `reserve` made room for `length` bytes and the source belongs to somebody else.
        unsafe (base + count).update(from: source, count: length)
        count += length
    }

    private mutating func grow(by extra: Int) {
        reallocate(to: max(capacity * 2, count + extra))
    }

    private mutating func reallocate(to newCapacity: Int) {
        // Safe because the new block holds at least `count` bytes and the old one is freed after the copy.
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity)
        unsafe moved.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = moved
        capacity = newCapacity
    }
}
