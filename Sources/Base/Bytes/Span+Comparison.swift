// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
    /// Whether both hold the same bytes; up to 32 of them at a time.
    public func hasSameBytes(as other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        // Safe because both have `count` bytes, and nothing below reads beyond them.
        let (own, theirs) = unsafe (bytes, other.bytes)
        guard count >= 8 else {
            // Safe because the index is below the count of both.
            for index in 0..<count where unsafe self[unchecked: index] != other[unchecked: index] {
                return false
            }
            return true
        }
        func difference(_ index: Int) -> UInt64 {
            // Safe because every call leaves eight bytes from `index` on.
            let word = unsafe own.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            return unsafe word ^ theirs.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
        }
        var index = 0
        while count &- index >= 32 {
            let first = difference(index) | difference(index &+ 8)
            if first | difference(index &+ 16) | difference(index &+ 24) != 0 { return false }
            index &+= 32
        }
        while count &- index >= 8 {
            if difference(index) != 0 { return false }
            index &+= 8
        }
        // The last eight, some of them once more.
        return difference(count &- 8) == 0
    }
}
