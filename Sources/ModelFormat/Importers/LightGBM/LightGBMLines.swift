// SPDX-License-Identifier: Apache-2.0
import Base

/// The lines of a LightGBM text model: `name=value`, some with a list of numbers behind the sign.
struct LightGBMLines: ~Escapable {
    private let bytes: Span<UInt8>
    /// Where the current line begins and ends, its line break and trailing spaces left out.
    private var line: Range<Int>
    private var next = 0
    /// The length of the name before `=`; nil when the line has no such sign.
    private var nameCount: Int?

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        line = 0..<0
    }

    var lineStart: Int { line.lowerBound }
    var isEmpty: Bool { line.isEmpty }
    var text: String { String(copying: bytes.extracting(line)) }

    func malformed(_ reason: String) -> FormatError {
        .malformed(part: "the LightGBM model", offset: line.lowerBound, reason: reason)
    }

    /// Goes to the next line; false when there is none.
    mutating func advance() -> Bool {
        guard next < bytes.count else { return false }
        let start = next
        var end = start
        var equals: Int?
        while end < bytes.count, bytes[end] != UInt8(ascii: "\n") {
            if bytes[end] == UInt8(ascii: "="), equals == nil { equals = end - start }
            end += 1
        }
        next = end + 1
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x0D { end -= 1 }
        line = start..<end
        nameCount = equals.flatMap { $0 < end - start ? $0 : nil }
        return true
    }

    /// The name before `=`, or the whole line when it has no such sign.
    var name: String { String(copying: bytes.extracting(line.lowerBound..<line.lowerBound + nameEnd)) }

    private var nameEnd: Int { nameCount ?? line.count }

    func begins(with prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard line.count >= count else { return false }
        for index in 0..<count {
            // Safe because `index` is below the literal's length.
            let wanted = unsafe prefix.utf8Start[index]
            if bytes[line.lowerBound + index] != wanted { return false }
        }
        return true
    }

    /// What stands behind `=`.
    var value: Range<Int> { min(line.lowerBound + nameEnd + 1, line.upperBound)..<line.upperBound }

    var valueText: String { String(copying: bytes.extracting(value)) }

    /// The one whole number behind `=`.
    func integer() throws(FormatError) -> Int {
        var numbers: [Int32] = []
        try readIntegers(into: &numbers)
        guard numbers.count == 1 else { throw malformed("\(name) is no whole number") }
        return Int(numbers[0])
    }

    // MARK: Lists

    func readIntegers(into numbers: inout [Int32]) throws(FormatError) {
        var position = value.lowerBound
        let end = value.upperBound
        while let word = nextWord(&position, end) {
            guard let number = Int32(exactly: try wholeNumber(word)) else {
                throw malformed("\(name)[\(numbers.count)] is no 32-bit integer")
            }
            numbers.append(number)
        }
    }

    /// Words of bits, up to 2^32 - 1.
    func readWords(into words: inout [UInt32]) throws(FormatError) {
        var position = value.lowerBound
        let end = value.upperBound
        while let word = nextWord(&position, end) {
            guard let number = UInt32(exactly: try wholeNumber(word)) else {
                throw malformed("\(name)[\(words.count)] is no 32-bit word")
            }
            words.append(number)
        }
    }

    /// `inf` and `-inf` are thresholds that LightGBM really writes; whether a number may be infinite is
    /// checked where it is used.
    func readDoubles(into numbers: inout [Double]) throws(FormatError) {
        var position = value.lowerBound
        let end = value.upperBound
        while let word = nextWord(&position, end) {
            if let number = parseDouble(bytes.extracting(word)) {
                numbers.append(number)
                continue
            }
            switch String(copying: bytes.extracting(word)) {
            case "inf": numbers.append(.infinity)
            case "-inf": numbers.append(-.infinity)
            default: throw malformed("\(name)[\(numbers.count)] is no number")
            }
        }
    }

    /// The words between spaces.
    func words() throws(FormatError) -> [String] {
        var position = value.lowerBound
        let end = value.upperBound
        var words: [String] = []
        while let word = nextWord(&position, end) {
            guard let text = String(validating: bytes.extracting(word)) else {
                throw malformed("\(name) is not UTF-8")
            }
            words.append(text)
        }
        return words
    }

    private func nextWord(_ position: inout Int, _ end: Int) -> Range<Int>? {
        while position < end, bytes[position] == 0x20 { position += 1 }
        guard position < end else { return nil }
        let start = position
        while position < end, bytes[position] != 0x20 { position += 1 }
        return start..<position
    }

    private func wholeNumber(_ word: Range<Int>) throws(FormatError) -> Int {
        var position = word.lowerBound
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        // Eleven digits hold every 32-bit number and cannot overflow.
        guard position < word.upperBound, word.upperBound - position <= 11 else {
            throw malformed("\(name) holds something that is no whole number")
        }
        var number = 0
        while position < word.upperBound {
            let digit = bytes[position] &- UInt8(ascii: "0")
            if digit > 9 { throw malformed("\(name) holds something that is no whole number") }
            number = number * 10 + Int(digit)
            position += 1
        }
        return isNegative ? -number : number
    }

    /// The bytes of the line from its `offset`th on.
    @_lifetime(copy self)
    func text(from offset: Int) -> Span<UInt8> {
        bytes.extracting(min(line.lowerBound + offset, line.upperBound)..<line.upperBound)
    }
}
