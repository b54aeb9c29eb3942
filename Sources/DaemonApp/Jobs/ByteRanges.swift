// SPDX-License-Identifier: Apache-2.0

/// The `Range` header (RFC 9110, section 14.2), for one range.
enum ByteRanges {
    /// Nil: a header that means nothing here, so all is sent. `.some(nil)`: nothing of it is there.
    static func parse(_ text: String, size: Int) -> Range<Int>?? {
        guard text.hasPrefix("bytes="), !text.contains(",") else { return nil }
        let parts = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        let (first, last) = (Int(parts[0]), Int(parts[1]))
        switch (first, last) {
        case (let first?, nil) where parts[1].isEmpty:
            return first < size ? .some(first..<size) : .some(nil)
        case (let first?, let last?):
            guard first <= last else { return nil }
            return first < size ? .some(first..<min(last, size - 1) + 1) : .some(nil)
        case (nil, let count?) where parts[0].isEmpty:
            return count > 0 && size > 0 ? .some(max(0, size - count)..<size) : .some(nil)
        default: return nil
        }
    }
}
