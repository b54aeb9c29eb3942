// SPDX-License-Identifier: Apache-2.0

/// A set of ASCII characters as two words; membership is two shifts, no table in memory.
struct ASCIISet: Sendable {
    let low: UInt64
    let high: UInt64

    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? low : (byte < 128 ? high : 0)
        return (word &>> UInt64(byte & 63)) & 1 != 0
    }

    /// tchar (RFC 9110, section 5.6.2): letters, digits and !#$%&'*+-.^_`|~
    static var token: ASCIISet { ASCIISet(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }
    /// pchar, "/" and "%" (RFC 3986, section 3.3).
    static var path: ASCIISet { ASCIISet(low: 0x2fff_fff2_0000_0000, high: 0x47ff_fffe_87ff_ffff) }
    /// The same and "?".
    static var query: ASCIISet { ASCIISet(low: 0xafff_fff2_0000_0000, high: 0x47ff_fffe_87ff_ffff) }
    /// reg-name (RFC 3986, section 3.2.2): unreserved, sub-delims, "%".
    static var registeredName: ASCIISet { ASCIISet(low: 0x2bff_7ff2_0000_0000, high: 0x47ff_fffe_87ff_fffe) }
}

extension UInt8 {
    static var tab: UInt8 { 0x09 }
    static var lineFeed: UInt8 { 0x0A }
    static var carriageReturn: UInt8 { 0x0D }
    static var space: UInt8 { 0x20 }
    static var colon: UInt8 { 0x3A }
    static var semicolon: UInt8 { 0x3B }
    static var comma: UInt8 { 0x2C }
    static var slash: UInt8 { 0x2F }
    static var question: UInt8 { 0x3F }
    static var percent: UInt8 { 0x25 }

    var isDigit: Bool { self &- 0x30 < 10 }

    var hexValue: UInt8? {
        if self &- 0x30 < 10 { return self &- 0x30 }
        let lower = self | 0x20
        return lower &- 0x61 < 6 ? lower &- 0x61 &+ 10 : nil
    }

    /// VCHAR, SP, HTAB and obs-text: what a field value may hold (RFC 9110, section 5.5).
    var isFieldContent: Bool { (self >= 0x20 && self != 0x7F) || self == 0x09 }

    /// Space or tab: what may stand around a field's value (OWS, RFC 9110, section 5.6.3).
    var isBlank: Bool { self == .space || self == .tab }

    var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}

extension StaticString {
    var bytes: Span<UInt8> {
        @_lifetime(immortal)
        get {
            // Safe because a static string's UTF-8 is immortal.
            let span = unsafe Span(_unsafeStart: utf8Start, count: utf8CodeUnitCount)
            return unsafe _overrideLifetime(span, copying: ())
        }
    }
}

extension Span<UInt8> {
    package func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        // Safe because both have `count` bytes.
        let other = unsafe text.utf8Start
        for index in 0..<count where unsafe self[unchecked: index] != other[index] { return false }
        return true
    }

    /// Compares ASCII letters without regard to case.
    package func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        // Safe because both have `count` bytes.
        let other = unsafe text.utf8Start
        for index in 0..<count
        where unsafe self[unchecked: index].asciiLowercased != other[index].asciiLowercased {
            return false
        }
        return true
    }

    /// Compares a field name with `name`, which holds letters, digits and hyphens alone, without regard to
    /// case; eight bytes at a time.
    ///
    /// Exact for tokens only: other bytes may differ in the bit that tells the cases apart (CR and hyphen,
    /// say).
    func isFieldName(_ name: StaticString) -> Bool {
        let length = name.utf8CodeUnitCount
        guard count == length else { return false }
        // Safe because both have `length` bytes, and each load below ends at or before them.
        let own = unsafe bytes
        let other = unsafe UnsafeRawBufferPointer(start: name.utf8Start, count: length)
        let caseBits = Self.ones &* 0x20
        if length < 8 {
            for index in 0..<length
            where unsafe (self[unchecked: index] ^ other[index]) & 0xDF != 0 { return false }
            return true
        }
        var index = 0
        while true {
            // Safe because `index` is at most `length` - 8.
            let word = unsafe own.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            let expected = unsafe other.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if (word ^ expected) & ~caseBits != 0 { return false }
            if index == length &- 8 { return true }
            index = Swift.min(index &+ 8, length &- 8)
        }
    }

    /// The first byte in `range` that no token may hold, or the range's end; letters and hyphens eight at a
    /// time.
    func endOfToken(in range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a search outside the bytes")
        // Safe because the view is only read below, inside the bytes.
        let raw = unsafe bytes
        var index = range.lowerBound
        while index < range.upperBound {
            if count &- index >= 8 {
                // Safe because eight bytes are left.
                let word = UInt64(
                    littleEndian: unsafe raw.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: index, as: UInt64.self))
                let others = Self.neitherLetterNorHyphen(word)
                index &+= others.trailingZeroBitCount &>> 3
                if others == 0 { continue }
                if index >= range.upperBound { return range.upperBound }
            }
            // Safe because `index` is in the range.
            guard ASCIISet.token.contains(unsafe self[unchecked: index]) else { return index }
            index &+= 1
        }
        return range.upperBound
    }

    /// Where the letters, digits, hyphens, dots and slashes at the start of `range` end; eight at a time, so
    /// the last few may be left to a closer look.
    func endOfPlainPath(in range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a search outside the bytes")
        // Safe because the view is only read below, inside the bytes.
        let raw = unsafe bytes
        var index = range.lowerBound
        while index < range.upperBound, count &- index >= 8 {
            // Safe because eight bytes are left.
            let word = UInt64(
                littleEndian: unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
            let others = Self.notOfPlainPath(word)
            index &+= others.trailingZeroBitCount &>> 3
            if others != 0 { break }
        }
        return Swift.min(index, range.upperBound)
    }

    /// The top bit of each byte that is no ASCII letter and not from the hyphen to the nine (-./0123456789).
    private static func notOfPlainPath(_ word: UInt64) -> UInt64 {
        let low = ~topBits
        // With the top bits cleared no sum below carries into the next byte.
        let lower = (word | (ones &* 0x20)) & low
        let fromA = lower &+ (ones &* (0x80 - 0x61))
        let pastZ = lower &+ (ones &* (0x80 - 0x7B))
        let fromHyphen = (word & low) &+ (ones &* (0x80 - 0x2D))
        let pastNine = (word & low) &+ (ones &* (0x80 - 0x3A))
        return (~((fromA & ~pastZ) | (fromHyphen & ~pastNine)) | word) & topBits
    }

    /// The top bit of each byte that is neither an ASCII letter nor a hyphen.
    private static func neitherLetterNorHyphen(_ word: UInt64) -> UInt64 {
        let low = ~topBits
        // With the top bits cleared no sum below carries into the next byte.
        let lower = (word | (ones &* 0x20)) & low
        let fromA = lower &+ (ones &* (0x80 - 0x61))
        let pastZ = lower &+ (ones &* (0x80 - 0x7B))
        let notHyphen = ((word ^ (ones &* 0x2D)) & low) &+ low
        let isOther = ~(fromA & ~pastZ) & notHyphen
        return (isOther | word) & topBits
    }

    /// A number that equal bytes have in common; eight bytes at a time. For tables that forget: whoever knows
    /// the rule can make many texts with one number.
    package var fingerprint: UInt64 {
        // Safe because the view is only read below, inside the bytes.
        let raw = unsafe bytes
        var result = UInt64(count)
        var index = 0
        while count &- index >= 8 {
            // Safe because eight bytes are left; every bit pattern is a UInt64.
            let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            result = (result ^ word) &* 0x9e37_79b9_7f4a_7c15
            result ^= result &>> 32
            index &+= 8
        }
        while index < count {
            // Safe because `index` was just compared with the count.
            result = (result ^ UInt64(unsafe self[unchecked: index])) &* 0x9e37_79b9_7f4a_7c15
            index &+= 1
        }
        return result ^ result &>> 32
    }

    package func starts(with text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        return count >= length && extracting(0..<length).equals(text)
    }

    package func ends(with text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        return count >= length && extracting(count - length..<count).equals(text)
    }

    /// The first `byte` in `range`, or nil; eight bytes at a time.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a search outside the bytes")
        // Safe because the view is only read below, inside the range that was checked above.
        let raw = unsafe bytes
        let pattern = UInt64(byte) &* Self.ones
        var index = range.lowerBound
        while range.upperBound &- index >= 8 {
            // Safe because eight bytes are left; every bit pattern is a UInt64.
            let word = UInt64(
                littleEndian: unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
            // The lowest byte that is zero is found exactly; a borrow reaches later ones only.
            let differences = word ^ pattern
            let zeros = (differences &- Self.ones) & ~differences & Self.topBits
            if zeros != 0 { return index &+ zeros.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < range.upperBound {
            // Safe because the range was checked above.
            if unsafe self[unchecked: index] == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// The first byte in `range` that a field value may not hold, or nil; eight bytes at a time.
    func firstIndexOutsideFieldContent(in range: Range<Int>) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a search outside the bytes")
        // Safe because the view is only read below, inside the range that was checked above.
        let raw = unsafe bytes
        var index = range.lowerBound
        while range.upperBound &- index >= 8 {
            // Safe because eight bytes are left; every bit pattern is a UInt64.
            let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            // A set top bit says that the byte may be below 0x20 or be 0x7F; borrows make more of them
            // suspect, never fewer. A tab is one of them and is decided below.
            let deletes = word ^ (0x7F &* Self.ones)
            let controls = (word &- 0x20 &* Self.ones) & ~word
            if (controls | ((deletes &- Self.ones) & ~deletes)) & Self.topBits != 0 { break }
            index &+= 8
        }
        while index < range.upperBound {
            // Safe because the range was checked above.
            if unsafe !self[unchecked: index].isFieldContent { return index }
            index &+= 1
        }
        return nil
    }

    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var topBits: UInt64 { 0x8080_8080_8080_8080 }

    /// The range without spaces and tabs (OWS) at both ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        precondition(start >= 0 && end <= count, "a range outside the bytes")
        // Safe because both places stay in the range, which was checked.
        while start < end, unsafe self[unchecked: start].isBlank { start &+= 1 }
        while end > start, unsafe self[unchecked: end &- 1].isBlank { end &-= 1 }
        return start..<end
    }

    /// The bytes as text; invalid UTF-8 is replaced. For messages, not for decisions.
    package var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for index in indices { bytes.append(self[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes as text, or nil when they are not UTF-8.
    package var validText: String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for index in indices { bytes.append(self[index]) }
        return String(validating: bytes, as: UTF8.self)
    }
}
