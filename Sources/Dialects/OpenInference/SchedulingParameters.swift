// SPDX-License-Identifier: Apache-2.0
internal import Base

/// `priority` and `timeout` of a V2 request (schedule policy extension).
struct SchedulingParameters {
    /// 1 goes first; 0: the default.
    var priority = 0
    /// Microseconds that the request may wait; 0: any time.
    var timeout: UInt64 = 0

    init() {}

    /// Looks for them in the request's JSON; what cannot be read is for the reader to complain of.
    init(lookingInto json: Span<UInt8>) {
        guard Self.mayBe(in: json) else { return }
        var reader = JSONReader(json)
        do {
            try reader.beginObject()
            while let key = try reader.nextKeyText() {
                guard reader.matches(key, "parameters"), try reader.peek() == .object else {
                    try reader.skipValue()
                    continue
                }
                try reader.beginObject()
                while let name = try reader.nextKeyText() {
                    if reader.matches(name, "priority") {
                        priority = Int(clamping: try reader.readUInt64())
                    } else if reader.matches(name, "timeout") {
                        timeout = try reader.readUInt64()
                    } else {
                        try reader.skipValue()
                    }
                }
                return
            }
        } catch { return }
    }

    /// Whether a key of the JSON may be `parameters`: some text begins with its first letter, or with an
    /// escape.
    ///
    /// Nearly no request has them, and most of its bytes are numbers: eight bytes at a time are looked at,
    /// which takes a tenth of the time that it takes to read over the values.
    private static func mayBe(in json: Span<UInt8>) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = ones &* UInt64(UInt8(ascii: "\""))
        // Safe because the view is only read below, nine bytes at a time where as many are left.
        let raw = unsafe json.bytes
        var index = 0
        while json.count &- index >= 9 {
            // Safe because nine bytes were just seen to be there, and every bit pattern is a UInt64.
            let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            let next = unsafe raw.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index &+ 1, as: UInt64.self)
            let beginsAsKey = (word ^ quotes) | (next ^ ones &* UInt64(UInt8(ascii: "p")))
            let escapes = next ^ ones &* UInt64(UInt8(ascii: "\\"))
            // The top bit of a byte is set where it was zero; a borrow may set further ones behind it.
            let found = ((beginsAsKey &- ones) & ~beginsAsKey) | ((escapes &- ones) & ~escapes)
            if found & (ones &* 0x80) != 0 { return true }
            index &+= 8
        }
        // Shorter than the key, its quotes and an empty object.
        return false
    }
}
