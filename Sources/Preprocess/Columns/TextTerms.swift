// SPDX-License-Identifier: Apache-2.0
internal import Base
package import ModelFormat

/// Cuts texts into terms by a `TextRule`, as scikit-learn's text vectorizers do by default.
package enum TextTerms {
    /// Hands `body` the UTF-8 of each term of `text`, repeated ones again.
    package static func forEach(_ text: Span<UInt8>, _ rule: TextRule, _ body: (Span<UInt8>) -> Void) {
        let (bytes, words) = words(of: text, isLowercased: rule.isLowercased)
        for count in rule.wordsMin...rule.wordsMax {
            guard words.count >= count else { return }
            for first in 0...words.count - count {
                if count == 1 {
                    body(bytes.span.extracting(words[first]))
                } else {
                    var term: [UInt8] = []
                    for word in words[first..<first + count] {
                        if !term.isEmpty { term.append(0x20) }
                        term += bytes[word]
                    }
                    body(term.span)
                }
            }
        }
    }

    /// The text, in lower case where that is asked for, and where its words are.
    private static func words(
        of text: Span<UInt8>, isLowercased: Bool
    ) -> (bytes: [UInt8], words: [Range<Int>]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var isASCII = true
        for index in text.indices {
            let byte = text[index]
            if byte >= 0x80 { isASCII = false }
            bytes.append(isLowercased && byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
        }
        return isASCII ? (bytes, asciiWords(bytes.span)) : unicodeWords(text, isLowercased)
    }

    private static func asciiWords(_ bytes: Span<UInt8>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start = 0
        for end in 0...bytes.count where end == bytes.count || !isWord(bytes[end]) {
            if end - start >= 2 { words.append(start..<end) }
            start = end + 1
        }
        return words
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte >= 0x61 && byte <= 0x7A || byte >= 0x41 && byte <= 0x5A || byte >= 0x30 && byte <= 0x39
            || byte == UInt8(ascii: "_")
    }

    private static func unicodeWords(
        _ text: Span<UInt8>, _ isLowercased: Bool
    ) -> (bytes: [UInt8], words: [Range<Int>]) {
        let string = String(copying: text)
        var bytes: [UInt8] = []
        var words: [Range<Int>] = []
        var start = 0
        var length = 0
        func endWord() {
            if length >= 2 { words.append(start..<bytes.count) }
            length = 0
        }
        for scalar in (isLowercased ? string.lowercased() : string).unicodeScalars {
            if isWord(scalar) {
                if length == 0 { start = bytes.count }
                length += 1
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            } else {
                endWord()
                bytes.append(0x20)
            }
        }
        endWord()
        return (bytes, words)
    }

    /// A letter, a number of any script, or an underscore: `\w` of Python's regular expressions.
    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber:
            true
        default: scalar == "_" || scalar.properties.numericType != nil
        }
    }
}

/// The terms of a `termWeights` operation by their bytes.
struct TermTable: Sendable {
    private let indices: [[UInt8]: Int]

    /// Nil for other operations.
    init?(_ operation: ColumnOperation) {
        guard case .termWeights(_, let terms, _, _) = operation else { return nil }
        indices = Dictionary(
            terms.enumerated().map { (Array($1.utf8), $0) }, uniquingKeysWith: { first, _ in first })
    }

    func index(of term: Span<UInt8>) -> Int? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(term.count)
        for index in term.indices { bytes.append(term[index]) }
        return indices[bytes]
    }
}
