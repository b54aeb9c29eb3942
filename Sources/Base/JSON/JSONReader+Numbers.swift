// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
    /// The next number, correctly rounded.
    ///
    /// - Throws: `numberOutOfRange` for one that Float64 cannot hold, `malformedNumber`, `wrongType`.
    /// - Complexity: no allocation for numbers of up to 19 digits.
    public mutating func readDouble() throws(JSONError) -> Double {
        _ = nextByte()
        var value = 0.0
        guard let end = Self.scanDouble(bytes, from: offset, &value) else { return try readUncommon() }
        offset = end
        return value
    }

    /// Reads a token of a non-finite number where they are allowed, or finds the error of a number that is
    /// none.
    private mutating func readUncommon() throws(JSONError) -> Double {
        if options.allowsNonFinite {
            if consume("NaN") { return .nan }
            if consume("Infinity") { return .infinity }
            if consume("-Infinity") { return -.infinity }
        }
        guard try peek() == .number else { throw mismatch(.number) }
        var number = DecimalNumber()
        if number.scan(bytes, from: offset) != nil { throw error(.numberOutOfRange) }
        throw malformedNumber()
    }

    /// The place where the number at the offset breaks off; it is known to be malformed.
    private func malformedNumber() -> JSONError {
        var end = offset
        if end < bytes.count && bytes[end] == UInt8(ascii: "-") { end += 1 }
        let start = end
        while end < bytes.count, isDigit(end) { end += 1 }
        let hasLeadingZero = end > start + 1 && bytes[start] == UInt8(ascii: "0")
        if end > start && !hasLeadingZero {
            if end < bytes.count && bytes[end] == UInt8(ascii: ".") {
                end += 1
                let fractionStart = end
                while end < bytes.count, isDigit(end) { end += 1 }
                if end == fractionStart { return malformedNumber(at: end) }
            }
            // What is left is an exponent without digits.
            if end < bytes.count { end += 1 }
            if end < bytes.count && (bytes[end] == UInt8(ascii: "+") || bytes[end] == UInt8(ascii: "-")) {
                end += 1
            }
        }
        return malformedNumber(at: hasLeadingZero ? start + 1 : end)
    }

    private func isDigit(_ index: Int) -> Bool { bytes[index] &- UInt8(ascii: "0") < 10 }

    private func malformedNumber(at end: Int) -> JSONError {
        JSONError(offset: end, reason: end == bytes.count ? .unexpectedEnd : .malformedNumber)
    }

    mutating func skipNumber() throws(JSONError) {
        var number = DecimalNumber()
        if let end = number.scan(bytes, from: offset) {
            offset = end
        } else {
            _ = try readUncommon()
        }
    }

    /// The next number, which has to be written without fraction and exponent and fit Int64.
    public mutating func readInt64() throws(JSONError) -> Int64 {
        let (magnitude, isNegative, end) = try scanInteger()
        let value: Int64?
        if isNegative {
            value = magnitude == 1 << 63 ? Int64.min : Int64(exactly: magnitude).map { -$0 }
        } else {
            value = Int64(exactly: magnitude)
        }
        guard let value else { throw error(.notAWholeNumber) }
        offset = end
        return value
    }

    /// Likewise, not negative and up to 2^64 - 1.
    public mutating func readUInt64() throws(JSONError) -> UInt64 {
        let (magnitude, isNegative, end) = try scanInteger()
        guard !isNegative || magnitude == 0 else { throw error(.notAWholeNumber) }
        offset = end
        return magnitude
    }

    private mutating func scanInteger() throws(JSONError) -> (magnitude: UInt64, isNegative: Bool, end: Int) {
        if let (value, end) = scanShortInteger() { return (value, false, end) }
        guard try peek() == .number else { throw mismatch(.number) }
        var end = offset
        let isNegative = bytes[end] == UInt8(ascii: "-")
        if isNegative { end += 1 }
        let start = end
        var value: UInt64 = 0
        var overflows = false
        while end < bytes.count {
            let digit = bytes[end] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            let (product, high) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            overflows = overflows || high || carry
            value = sum
            end += 1
        }
        var number = DecimalNumber()
        guard let fullEnd = number.scan(bytes, from: offset) else {
            // `NaN` and its like, where they are allowed, are numbers, but not whole ones.
            let start = offset
            _ = try readUncommon()
            throw JSONError(offset: start, reason: .notAWholeNumber)
        }
        guard fullEnd == end, end > start, !overflows else { throw error(.notAWholeNumber) }
        return (value, isNegative, end)
    }

    /// The next number when it is what nearly all whole numbers are: one to eighteen digits without a sign.
    private mutating func scanShortInteger() -> (magnitude: UInt64, end: Int)? {
        guard let first = nextByte(), first &- UInt8(ascii: "1") < 9 else { return nil }
        let bytes = bytes
        let limit = min(bytes.count, offset &+ 19)
        var value: UInt64 = 0
        var end = offset
        while end < limit {
            // Safe because `end` was just compared with the limit, which is at most the count.
            let digit = unsafe bytes[unchecked: end] &- UInt8(ascii: "0")
            guard digit < 10 else {
                // Safe as above. A fraction or an exponent needs the longer way.
                let next = unsafe bytes[unchecked: end]
                return next == UInt8(ascii: ".") || next | 0x20 == UInt8(ascii: "e") ? nil : (value, end)
            }
            value = value &* 10 &+ UInt64(digit)
            end &+= 1
        }
        return nil
    }

    /// The next number as the document model keeps it: whole where it is written so and fits.
    mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = offset
        let isNegative = start < bytes.count && bytes[start] == UInt8(ascii: "-")
        do {
            let value = try readInt64()
            // Only Float64 has a negative zero.
            return value == 0 && isNegative ? .number(-0.0) : .integer(value)
        } catch {
            offset = start
            return .number(try readDouble())
        }
    }
}
