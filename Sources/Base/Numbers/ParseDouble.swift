// SPDX-License-Identifier: Apache-2.0

/// The Float64 nearest to the number that is the whole of `text`, as a cell of a table holds it: a JSON
/// number that may also begin with `+`, `.` or zeros, or end in `.`.
///
/// - Returns: nil for anything else: spaces, names of non-finite values, and numbers beyond Float64's range.
/// - Complexity: one pass; no allocation for numbers of up to 19 digits.
package func parseDouble(_ text: Span<UInt8>) -> Double? {
    var number = DecimalNumber()
    var position = 0
    if position < text.count, text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+") {
        number.isNegative = text[position] == UInt8(ascii: "-")
        position = 1
    }
    number.digitsStart = position
    position = number.takeDigits(text, from: position)
    var digitCount = position - number.digitsStart
    if position < text.count && text[position] == UInt8(ascii: ".") {
        let fractionStart = position + 1
        position = number.takeDigits(text, from: number.takeEightDigits(text, from: fractionStart))
        number.exponent = fractionStart - position
        digitCount += position - fractionStart
    }
    guard digitCount > 0 else { return nil }
    if position < text.count && text[position] | 0x20 == UInt8(ascii: "e") {
        guard let end = number.takeExponent(text, from: position + 1) else { return nil }
        position = end
    }
    guard position == text.count else { return nil }
    if digitCount > 19 { number.takeLongDigits(text) }
    let value = number.nearestDouble(text)
    return value.isFinite ? value : nil
}
