// SPDX-License-Identifier: Apache-2.0

// Runs of numbers are what a prediction request is made of: one call reads them all, with everything in local
// variables, which takes a third of the instructions of a call an element.
extension JSONReader {
    /// Reads the elements of the array that come next into `values` at the indices `range`, for as long as
    /// they are numbers and there is room; each is rounded to Float64, then to Float32.
    ///
    /// Stops in front of anything else: the end of the array, another type of value, a number too large for
    /// Float32 (or Float64), text that is not JSON. The reader then stands behind the last number read, so
    /// the caller goes on with `nextElement`, which finds what it is.
    ///
    /// - Returns: the number of elements read.
    public mutating func readNumbers(into values: inout MutableSpan<Float>, at range: Range<Int>) -> Int {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= values.count, "the range lies outside the values")
        let bytes = bytes
        var end = offset
        var index = range.lowerBound
        var value = 0.0
        while index < range.upperBound {
            let start = Self.elementStart(bytes, from: end, isFirst: isFirst && index == range.lowerBound)
            guard let next = Self.scanDouble(bytes, from: start, &value) else { break }
            let rounded = Float(value)
            guard rounded.isFinite else { break }
            // Safe because `index` lies in `range`, which lies in the values.
            unsafe values[unchecked: index] = rounded
            index &+= 1
            end = next
        }
        return take(index &- range.lowerBound, endingAt: end)
    }

    /// Likewise in Float64.
    ///
    /// - Parameter roundsToFloat32: each number is one that its sender had in Float32.
    public mutating func readNumbers(
        into values: inout MutableSpan<Double>, at range: Range<Int>, roundsToFloat32: Bool
    ) -> Int {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= values.count, "the range lies outside the values")
        let bytes = bytes
        var end = offset
        var index = range.lowerBound
        var value = 0.0
        while index < range.upperBound {
            let start = Self.elementStart(bytes, from: end, isFirst: isFirst && index == range.lowerBound)
            guard let next = Self.scanDouble(bytes, from: start, &value) else { break }
            if roundsToFloat32 {
                value = Double(Float(value))
                guard value.isFinite else { break }
            }
            // Safe because `index` lies in `range`, which lies in the values.
            unsafe values[unchecked: index] = value
            index &+= 1
            end = next
        }
        return take(index &- range.lowerBound, endingAt: end)
    }

    private mutating func take(_ elements: Int, endingAt end: Int) -> Int {
        if elements > 0 {
            offset = end
            isFirst = false
        }
        return elements
    }

    /// Where the next element of an array begins, behind white space and the comma that has to be there; the
    /// end of the text, where no number is, when there is none.
    @inline(__always)
    private static func elementStart(_ bytes: Span<UInt8>, from start: Int, isFirst: Bool) -> Int {
        var position = skipSpace(bytes, from: start)
        if !isFirst {
            // Safe because `position` was just compared with the count.
            guard position < bytes.count, unsafe bytes[unchecked: position] == UInt8(ascii: ",") else {
                return bytes.count
            }
            position = skipSpace(bytes, from: position &+ 1)
        }
        return position
    }

    @inline(__always)
    private static func skipSpace(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while position < bytes.count {
            // Safe because `position` was just compared with the count.
            let byte = unsafe bytes[unchecked: position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { break }
            position &+= 1
        }
        return position
    }

    /// Where the number at `start` ends, and its value, correctly rounded; nil when there is no number or
    /// Float64 cannot hold it.
    ///
    /// Numbers without an exponent and with few digits, which is nearly all, are read here; `DecimalNumber`
    /// reads the others.
    @inline(__always)
    static func scanDouble(_ bytes: Span<UInt8>, from start: Int, _ value: inout Double) -> Int? {
        let count = bytes.count
        var position = start
        // Safe because each read below is guarded by a comparison of its index with the count.
        guard position < count else { return nil }
        let isNegative = unsafe bytes[unchecked: position] == UInt8(ascii: "-")
        if isNegative { position &+= 1 }
        let wholeStart = position
        var significand: UInt64 = 0
        while position < count {
            // Safe as above.
            let digit = unsafe bytes[unchecked: position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            significand = significand &* 10 &+ UInt64(digit)
            position &+= 1
        }
        var digitCount = position &- wholeStart
        if digitCount != 1 {
            // No digit is no number; a zero in front of others is none either.
            // Safe because there is a digit at `wholeStart` when the count is not 0.
            guard digitCount > 0, unsafe bytes[unchecked: wholeStart] != UInt8(ascii: "0") else { return nil }
        }
        var fractionCount = 0
        if position < count, unsafe bytes[unchecked: position] == UInt8(ascii: ".") {
            let fractionStart = position &+ 1
            position = takeFraction(bytes, from: fractionStart, &significand)
            fractionCount = position &- fractionStart
            guard fractionCount > 0 else { return nil }
            digitCount &+= fractionCount
        }
        // 18 digits fit the significand, whatever they are.
        if digitCount > 18 { return scanLongDouble(bytes, from: start, &value) }
        if position < count, unsafe bytes[unchecked: position] | 0x20 == UInt8(ascii: "e") {
            return scanLongDouble(bytes, from: start, &value)
        }
        var magnitude = Double(significand)
        if significand > 1 << 53 {
            magnitude = Double(bitPattern: nearestBits(significand, 0 &- fractionCount))
        } else if fractionCount > 0 {
            // Both are exact, so one rounding gives the right answer (Clinger, 1990).
            magnitude /= exactPowersOfTen[fractionCount]
        }
        value = isNegative ? -magnitude : magnitude
        return position
    }

    /// Adds the digits from `start` on to `significand`, which wraps round after 19; returns where they end.
    @inline(__always)
    private static func takeFraction(
        _ bytes: Span<UInt8>, from start: Int, _ significand: inout UInt64
    ) -> Int {
        // Safe because the view is only read below, by offsets compared with the count.
        let raw = unsafe bytes.bytes
        let count = bytes.count
        var position = start
        while count &- position >= 8 {
            // Safe because eight bytes were just seen to be there, and every bit pattern is a UInt64.
            let word = UInt64(
                littleEndian: unsafe raw.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: position, as: UInt64.self))
            let digits = word ^ 0x3030_3030_3030_3030
            // The top bit of a byte is set where it is above 9; a carry reaches later characters only, and
            // the first that is no digit is all that is looked for.
            let others = ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
            let digitCount = others.trailingZeroBitCount &>> 3
            if digitCount == 0 { return position }
            // The digits move to the high bytes, with zeros in front of them; then eight are summed up in a
            // 64-bit register (Lemire, "Number Parsing at a Gigabyte per Second", section 6).
            let aligned = digits &<< UInt64(truncatingIfNeeded: 64 &- 8 &* digitCount)
            let pairs = aligned &* 10 &+ (aligned &>> 8)
            let even = (pairs & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
            let odd = ((pairs &>> 16) & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001
            significand = significand &* wholePowersOfTen[digitCount] &+ ((even &+ odd) &>> 32)
            position &+= digitCount
            if digitCount < 8 { return position }
        }
        while position < count {
            // Safe because `position` was just compared with the count.
            let digit = unsafe bytes[unchecked: position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            significand = significand &* 10 &+ UInt64(digit)
            position &+= 1
        }
        return position
    }

    @inline(never)
    private static func scanLongDouble(
        _ bytes: Span<UInt8>, from start: Int, _ value: inout Double
    ) -> Int? {
        var number = DecimalNumber()
        guard let end = number.scan(bytes, from: start) else { return nil }
        value = number.nearestDouble(bytes)
        return value.isFinite ? end : nil
    }
}

/// 10^0 to 10^8.
private let wholePowersOfTen: InlineArray<9, UInt64> = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
]
