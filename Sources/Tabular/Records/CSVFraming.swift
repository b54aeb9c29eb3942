// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Where records of CSV end, found without taking them apart.
///
/// A record ends at a line feed outside quotes. In a broken one (a quote where none may be) it ends at the
/// next line feed, so that one bad record costs no other.
package enum CSVFraming {
    /// The index behind the line feed that ends the record at `start`; nil when the record goes on.
    package static func recordEnd(_ bytes: Span<UInt8>, from start: Int, separator: UInt8) -> Int? {
        var position = start
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "\"") {
                guard let end = quotedEnd(bytes, from: position + 1) else { return nil }
                position = end
                guard position < bytes.count else { return nil }
                let next = bytes[position]
                if next == separator {
                    position += 1
                    continue
                }
                // Line end, or text behind the quote: the record is over, or broken.
                return nextLine(bytes, from: position)
            }
            while position < bytes.count {
                // Safe because `position` was just compared with the count.
                let byte = unsafe bytes[unchecked: position]
                if byte == UInt8(ascii: "\n") { return position + 1 }
                if byte == UInt8(ascii: "\"") { return nextLine(bytes, from: position) }
                position += 1
                if byte == separator { break }
            }
        }
        return nil
    }

    /// The index behind the last record that is whole in `bytes`, which begin with a record; 0 when none is.
    package static func lastRecordEnd(_ bytes: Span<UInt8>, separator: UInt8) -> Int {
        if find(UInt8(ascii: "\""), in: bytes, from: 0) == nil {
            return lastLineEnd(bytes)
        }
        var end = 0
        while let next = recordEnd(bytes, from: end, separator: separator) { end = next }
        return end
    }

    /// The index behind the last line feed; 0 when there is none.
    package static func lastLineEnd(_ bytes: Span<UInt8>) -> Int {
        var end = bytes.count
        while end > 0, bytes[end - 1] != UInt8(ascii: "\n") { end -= 1 }
        return end
    }

    /// How many lines end in `bytes`.
    ///
    /// - Complexity: eight bytes at a time, a small part of what reading their numbers costs.
    package static func lineCount(_ bytes: Span<UInt8>) -> Int {
        var count = 0
        var position = 0
        // Safe because the view is only read below, by offsets compared with the count.
        let raw = unsafe bytes.bytes
        while position &+ 8 <= bytes.count {
            // The lanes of a word count up to 255 each.
            let stop = min(bytes.count &- 7, position &+ 255 &* 8)
            var ends: UInt64 = 0
            while position < stop {
                // Safe because eight bytes lie from each position below `stop` on, and any bits are a UInt64.
                let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self)
                let others = word ^ 0x0a0a_0a0a_0a0a_0a0a
                // The top bit is set in each byte that is no line feed.
                let marks = (others & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7f7f_7f7f_7f7f_7f7f | others
                ends &+= (~marks & 0x8080_8080_8080_8080) &>> 7
                position &+= 8
            }
            let pairs = (ends & 0x00ff_00ff_00ff_00ff) &+ (ends &>> 8 & 0x00ff_00ff_00ff_00ff)
            count &+= Int(truncatingIfNeeded: (pairs &* 0x0001_0001_0001_0001) &>> 48)
        }
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "\n") { count += 1 }
            position += 1
        }
        return count
    }

    /// The index behind the closing quote of the field whose text begins at `start`.
    private static func quotedEnd(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var position = start
        while let quote = find(UInt8(ascii: "\""), in: bytes, from: position) {
            guard quote + 1 < bytes.count, bytes[quote + 1] == UInt8(ascii: "\"") else { return quote + 1 }
            position = quote + 2
        }
        return nil
    }

    /// The index behind the line that holds `start`; the end of the bytes when its line feed is not there.
    package static func lineEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
        nextLine(bytes, from: start) ?? bytes.count
    }

    private static func nextLine(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        find(UInt8(ascii: "\n"), in: bytes, from: start).map { $0 + 1 }
    }

    private static func find(_ byte: UInt8, in bytes: Span<UInt8>, from start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        // Safe because the search stays in the span's bytes, and only an offset is taken from it.
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress,
                let found = unsafe memchr(base + start, CInt(byte), buffer.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }
}
