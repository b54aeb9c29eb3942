// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A growable run of bytes with one owner: answers are written into it, sockets and files drain it.
///
/// The memory is kept when the buffer is cleared, so a loop that reuses one buffer stops allocating after its
/// first requests; `releaseMemory(above:)` gives it back when an owner goes idle.
///
/// Public, although nobody outside the package can see it: `@inlinable` has no effect on what is `package`
/// (Swift 6.3), and a call for each byte costs more than the byte.
// Safe because the memory has one owner, and moves with it from thread to thread.
@safe public struct ByteBuffer: ~Copyable, @unchecked Sendable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    @usableFromInline var filled = 0

    /// Bytes written so far.
    @inlinable public var count: Int { filled }

    public init(capacity: Int = 0) {
        self.capacity = max(capacity, 64)
        // Safe because the memory is owned by this value alone and freed in `deinit`.
        unsafe base = Self.memory(malloc(self.capacity))
    }

    deinit {
        // Safe because nothing can hold the memory after its only owner is gone.
        unsafe free(base)
    }

    @inlinable public var isEmpty: Bool { filled == 0 }

    /// The bytes written so far.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Safe because the first `filled` bytes are initialised and live as long as the borrow of `self`.
            unsafe _overrideLifetime(Span(_unsafeStart: UnsafePointer(base), count: filled), borrowing: self)
        }
    }

    /// Makes room for `extra` more bytes; growth doubles, so appending is amortised O(1).
    @inlinable
    public mutating func reserve(_ extra: Int) {
        if capacity &- filled < extra { grow(by: extra) }
    }

    @inlinable
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        // Safe because `reserve` made one byte free after `count`.
        unsafe freeStart.pointee = byte
        advance(1)
    }

    /// Inlined, so that a literal is copied by a few moves of known size.
    @inlinable @inline(__always)
    public mutating func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        // Safe because a static string's UTF-8 is immortal, and `reserve` made room for it.
        unsafe freeStart.update(from: text.utf8Start, count: length)
        advance(length)
    }

    /// Appends the bytes of `word`, the lowest first.
    public mutating func append(littleEndian word: UInt64) {
        reserve(8)
        // Safe because `reserve` made eight bytes free after `count`.
        unsafe UnsafeMutableRawPointer(freeStart).storeBytes(of: word.littleEndian, as: UInt64.self)
        advance(8)
    }

    /// Likewise four bytes.
    public mutating func append(littleEndian word: UInt32) {
        reserve(4)
        // Safe because `reserve` made four bytes free after `count`.
        unsafe UnsafeMutableRawPointer(freeStart).storeBytes(of: word.littleEndian, as: UInt32.self)
        advance(4)
    }

    /// Appends the eight bytes of `word`, the highest first.
    public mutating func append(bigEndian word: UInt64) {
        reserve(8)
        // Safe because `reserve` made eight bytes free after `count`.
        unsafe UnsafeMutableRawPointer(freeStart).storeBytes(of: word.bigEndian, as: UInt64.self)
        advance(8)
    }

    /// Literals are taken for static strings, which cost no reference count.
    @_disfavoredOverload
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            guard let start = utf8.baseAddress else { return }
            // Safe because the UTF-8 view is only read inside the closure and copied whole.
            unsafe copyIn(start, utf8.count)
        }
    }

    public mutating func append(_ span: Span<UInt8>) {
        // Safe because the span's memory is only read inside the closure and copied whole.
        unsafe span.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe copyIn(start, source.count)
        }
    }

    /// Hands `body` at least `limit` free bytes; `body` returns how many it initialised from the start.
    @inlinable
    public mutating func withFreeSpace(_ limit: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        reserve(limit)
        // Safe because `reserve` made `limit` bytes free after `count`, and the precondition holds `body` to
        // them.
        let written = unsafe body(freeStart)
        precondition(written >= 0 && written <= limit, "a writer went past the space that it asked for")
        advance(written)
    }

    /// Forgets the content and keeps the memory.
    public mutating func clear() { filled = 0 }

    /// Keeps only the first `length` bytes; what lies beyond is forgotten.
    public mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count, "a buffer cannot be truncated to more than it holds")
        filled = length
    }

    /// Drops the first `length` bytes and moves the rest to the front.
    public mutating func removeFirst(_ length: Int) {
        precondition(length >= 0 && length <= count, "more bytes removed than there are")
        // Safe because both ranges lie inside the initialised bytes; `update` allows overlap.
        unsafe base.update(from: base + length, count: count - length)
        filled -= length
    }

    /// Copies the bytes of `range` to `target`, which lies before them, inside the content.
    public mutating func move(_ range: Range<Int>, to target: Int) {
        precondition(
            target >= 0 && target <= range.lowerBound && range.upperBound <= count,
            "a move outside the content")
        // Safe because both ranges lie inside the initialised bytes; `update` allows overlap.
        unsafe (base + target).update(from: base + range.lowerBound, count: range.count)
    }

    /// Drops the bytes of `range`; what follows moves up.
    public mutating func removeSubrange(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "more bytes removed than there are")
        move(range.upperBound..<count, to: range.lowerBound)
        filled -= range.count
    }

    /// Gives memory beyond `limit` bytes back when the content fits into `limit`.
    public mutating func releaseMemory(above limit: Int) {
        if capacity > limit && count <= limit { reallocate(to: max(limit, 64)) }
    }

    // Safe because `filled` never exceeds the capacity.
    @inlinable
    var freeStart: UnsafeMutablePointer<UInt8> { unsafe base + filled }

    @inlinable
    mutating func advance(_ written: Int) { filled &+= written }

    private mutating func copyIn(_ source: UnsafePointer<UInt8>, _ length: Int) {
        reserve(length)
        // Safe because `reserve` made room for `length` bytes and the source belongs to somebody else.
        unsafe (base + count).update(from: source, count: length)
        filled += length
    }

    @usableFromInline @inline(never)
    mutating func grow(by extra: Int) {
        reallocate(to: max(capacity * 2, count + extra))
    }

    /// Large blocks are moved by the kernel's page tables, not copied: a body that grows to its 10 MB would
    /// else hold its event loop for a millisecond at each doubling.
    private mutating func reallocate(to newCapacity: Int) {
        // Safe because the block came from `malloc` and nothing else points into it.
        unsafe base = Self.memory(realloc(base, newCapacity))
        capacity = newCapacity
    }

    private static func memory(_ block: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<UInt8> {
        // Safe because bytes have no alignment, and any bits are a byte.
        guard let bytes = unsafe block?.assumingMemoryBound(to: UInt8.self) else {
            preconditionFailure("out of memory")
        }
        return unsafe bytes
    }
}
