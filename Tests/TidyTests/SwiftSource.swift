// SPDX-License-Identifier: Apache-2.0

/// One Swift file with its code, its comments and its strings told apart, and its functions found.
///
/// This is a lexer, not a parser: enough to know that a word stands in code and which function it stands in.
/// Regex literals are not understood; we do not write them.
struct SwiftSource {
    /// A brace pair whose header declares something that runs: a function, an initialiser, an accessor.
    struct Function {
        var name: String
        /// Line of the header's first word and line of the closing brace, both from 1.
        var lines: ClosedRange<Int>
    }

    let path: String
    /// The lines as they stand in the file; line n is at index n - 1, here and in the two below.
    let lines: [String]
    /// The lines with comments and the text of string literals replaced by spaces.
    let code: [String]
    /// The comments of each line, without the rest.
    let comments: [String]
    let functions: [Function]
    /// Where in the code the words stand that some law asks about; lines from 1, ascending.
    let linesByWord: [String: [Int]]

    init(path: String, text: String) {
        self.path = path
        var lexer = SwiftLexer(text)
        lexer.run()
        lines = SwiftSource.splitIntoLines(Array(text.utf8))
        code = SwiftSource.splitIntoLines(lexer.code)
        comments = SwiftSource.splitIntoLines(lexer.comments)
        let finder = FunctionFinder(lexer.code)
        functions = finder.functions
        linesByWord = finder.linesByWord
    }

    /// The innermost function around a line.
    func function(around line: Int) -> Function? {
        functions.filter { $0.lines.contains(line) }.min { $0.lines.count < $1.lines.count }
    }

    /// The lines of code that hold one of `words`, each once. Laws look at these alone: a regular expression
    /// on every line of the tree takes a minute in a debug build.
    func codeLines(mentioning words: [String]) -> [(line: Int, code: String)] {
        Set(words.flatMap { linesByWord[$0] ?? [] }).sorted().map { ($0, code[$0 - 1]) }
    }

    private static func splitIntoLines(_ bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}

/// Copies a Swift file twice: once with only its code, once with only its comments; the rest becomes spaces,
/// newlines stay, so that offsets and lines agree with the original.
struct SwiftLexer {
    private enum Mode {
        case code(parentheses: Int)
        case string(pounds: Int, quotes: Int)
    }

    private let source: [UInt8]
    private var position = 0
    /// The last one is where we are; an interpolation pushes code, a literal pushes a string.
    private var modes: [Mode] = [.code(parentheses: 0)]
    private(set) var code: [UInt8]
    private(set) var comments: [UInt8]

    init(_ text: String) {
        source = Array(text.utf8)
        code = source.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
        comments = code
    }

    mutating func run() {
        while position < source.count {
            switch modes[modes.count - 1] {
            case .code(let parentheses): stepInCode(parentheses)
            case .string(let pounds, let quotes): stepInString(pounds, quotes)
            }
        }
    }

    private func starts(_ first: Unicode.Scalar, _ second: Unicode.Scalar, at offset: Int) -> Bool {
        offset + 1 < source.count && source[offset] == UInt8(ascii: first)
            && source[offset + 1] == UInt8(ascii: second)
    }

    private func run(of byte: UInt8, at offset: Int) -> Int {
        var end = offset
        while end < source.count, source[end] == byte { end += 1 }
        return end - offset
    }

    private mutating func stepInCode(_ parentheses: Int) {
        let byte = source[position]
        switch byte {
        case UInt8(ascii: "/") where starts("/", "/", at: position): takeLineComment()
        case UInt8(ascii: "/") where starts("/", "*", at: position): takeBlockComment()
        case UInt8(ascii: "\""): openString(pounds: 0)
        case UInt8(ascii: "#"):
            let pounds = run(of: byte, at: position)
            let next = position + pounds
            if next < source.count, source[next] == UInt8(ascii: "\"") {
                position = next
                openString(pounds: pounds)
            } else {
                copyCode(pounds)
            }
        case UInt8(ascii: "("):
            modes[modes.count - 1] = .code(parentheses: parentheses + 1)
            copyCode(1)
        case UInt8(ascii: ")"):
            copyCode(1)
            modes[modes.count - 1] = .code(parentheses: parentheses - 1)
            if modes.count > 1, parentheses == 1 { modes.removeLast() }
        default: copyCode(1)
        }
    }

    private mutating func copyCode(_ count: Int) {
        for offset in position..<position + count { code[offset] = source[offset] }
        position += count
    }

    private mutating func takeLineComment() {
        while position < source.count, source[position] != UInt8(ascii: "\n") {
            comments[position] = source[position]
            position += 1
        }
    }

    private mutating func takeBlockComment() {
        var depth = 0
        repeat {
            if starts("/", "*", at: position) {
                depth += 1
                position += 2
            } else if starts("*", "/", at: position) {
                depth -= 1
                position += 2
            } else {
                comments[position] = source[position]
                position += 1
            }
        } while depth > 0 && position < source.count
    }

    private mutating func openString(pounds: Int) {
        let quotes = run(of: UInt8(ascii: "\""), at: position)
        // Two quotes are an empty string; three or more open a literal over several lines.
        if quotes == 2 {
            position += 2 + pounds
            return
        }
        let opening = quotes >= 3 ? 3 : 1
        position += opening
        modes.append(.string(pounds: pounds, quotes: opening))
    }

    private mutating func stepInString(_ pounds: Int, _ quotes: Int) {
        let byte = source[position]
        if byte == UInt8(ascii: "\\"), run(of: UInt8(ascii: "#"), at: position + 1) >= pounds {
            position += 1 + pounds
            if position < source.count, source[position] == UInt8(ascii: "(") {
                modes.append(.code(parentheses: 0))
            } else {
                position += 1
            }
            return
        }
        let closes =
            byte == UInt8(ascii: "\"") && run(of: byte, at: position) >= quotes
            && run(of: UInt8(ascii: "#"), at: position + quotes) >= pounds
        // A literal of one line cannot go on; this keeps one odd line from hiding the rest of a file.
        if closes || (quotes == 1 && byte == UInt8(ascii: "\n")) {
            position += closes ? quotes + pounds : 1
            modes.removeLast()
            return
        }
        position += 1
    }
}
