// SPDX-License-Identifier: Apache-2.0

/// A cell of at most fifteen bytes as two words, zeros behind its bytes: cells are equal when the words are.
struct ShortCell {
    let first: UInt64
    let second: UInt64
    /// Where in the text the byte behind the cell stands.
    let end: Int

    /// A cell that somebody else has read. The last byte of `second` is free to tell kinds of cells apart.
    init(_ first: UInt64, _ second: UInt64, end: Int) {
        self.first = first
        self.second = second
        self.end = end
    }

    /// The cell that these bytes are; nil for more than fifteen.
    init?(whole bytes: Span<UInt8>) {
        guard bytes.count < 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for index in bytes.indices {
            let byte = UInt64(bytes[index]) &<< UInt64(index % 8 * 8)
            if index < 8 { words.0 |= byte } else { words.1 |= byte }
        }
        self.init(words.0, words.1, end: bytes.count)
    }

    /// The bytes from `start` to the first separator, quote or control character, which the caller looks at;
    /// nil when none of the sixteen bytes is one, or the text ends among them.
    ///
    /// No branch depends on the length, which no processor guesses right.
    @inline(__always)
    init?(_ text: Span<UInt8>, from start: Int, _ separator: UInt8) {
        guard start >= 0, text.count &- start >= 16 else { return nil }
        // Safe because sixteen bytes were just seen to be there, and every bit pattern is a UInt64.
        let low = unsafe text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt64.self)
        let high = unsafe text.bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: start &+ 8, as: UInt64.self)
        let (early, late) = (UInt64(littleEndian: low), UInt64(littleEndian: high))
        let ends = ShortCell.ends(early, separator)
        let lateEnds = ShortCell.ends(late, separator)
        if ends | lateEnds == 0 { return nil }
        // All ones when the cell goes beyond the first eight bytes.
        let isLate = ((ends | (0 &- ends)) &>> 63) &- 1
        let count = ShortCell.firstByte(ends)
        let lateCount = ShortCell.firstByte(lateEnds) & isLate
        first = early & ShortCell.mask(count)
        second = late & ShortCell.mask(lateCount)
        end = start &+ Int(truncatingIfNeeded: count &+ lateCount)
    }

    /// The top bit of each byte that is the separator, a quote or below 0x20; bits above the first one may be
    /// wrong.
    @inline(__always)
    private static func ends(_ word: UInt64, _ separator: UInt8) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let separators = word ^ (ones &* UInt64(separator))
        let quotes = word ^ (ones &* 0x22)
        let found =
            (word &- ones &* 0x20) & ~word | (separators &- ones) & ~separators | (quotes &- ones) & ~quotes
        return found & 0x8080_8080_8080_8080
    }

    /// The place of the lowest byte whose top bit is set; 8 when there is none.
    @inline(__always)
    private static func firstByte(_ marks: UInt64) -> UInt64 {
        UInt64(truncatingIfNeeded: marks.trailingZeroBitCount &>> 3)
    }

    /// Ones in the lowest `count` bytes, of which there are at most eight.
    @inline(__always)
    private static func mask(_ count: UInt64) -> UInt64 {
        // Two shifts, since one by 64 would be none.
        ~((~0 &<< (4 &* count)) &<< (4 &* count))
    }
}
