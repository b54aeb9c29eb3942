// SPDX-License-Identifier: Apache-2.0

/// Finds the functions of a file from its braces: what stands before an opening brace says what it opens.
struct FunctionFinder {
    private struct Token {
        var text: String
        var line: Int
    }

    private struct Scope {
        var function: (name: String, line: Int)?
        /// The header that goes on behind a closure among the arguments or default values.
        var interruptedHeader: [Token]
    }

    /// Words whose lines are noted for `SwiftSource.codeLines(mentioning:)`.
    static let notedWords: Set<String> = [
        "import", "unsafe", "@unchecked", "try", "as", "fatalError", "print", "debugPrint", "dump", "exit",
    ]

    private var scopes: [Scope] = []
    private var header: [Token] = []
    private(set) var functions: [SwiftSource.Function] = []
    private(set) var linesByWord: [String: [Int]] = [:]

    init(_ code: [UInt8]) {
        var word: [UInt8] = []
        var line = 1
        for byte in code + [UInt8(ascii: "\n")] {
            if FunctionFinder.isWordByte(byte) {
                word.append(byte)
                continue
            }
            if !word.isEmpty {
                let text = String(decoding: word, as: UTF8.self)
                header.append(Token(text: text, line: line))
                if FunctionFinder.notedWords.contains(text) { linesByWord[text, default: []].append(line) }
                word.removeAll(keepingCapacity: true)
            }
            switch byte {
            case UInt8(ascii: "{"): open(line)
            case UInt8(ascii: "}"): close(line)
            case UInt8(ascii: ";"): header = []
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"): break
            default: header.append(Token(text: String(UnicodeScalar(byte)), line: line))
            }
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "@"), 0x80...0xFF:
            true
        default: false
        }
    }

    private mutating func open(_ line: Int) {
        let parentheses = header.reduce(0) { $0 + ($1.text == "(" ? 1 : $1.text == ")" ? -1 : 0) }
        if parentheses > 0 {
            scopes.append(Scope(function: nil, interruptedHeader: header))
        } else {
            scopes.append(Scope(function: declaredFunction(line), interruptedHeader: []))
        }
        header = []
    }

    private mutating func close(_ line: Int) {
        header = []
        guard let scope = scopes.popLast() else { return }
        header = scope.interruptedHeader
        guard let function = scope.function else { return }
        functions.append(.init(name: function.name, lines: function.line...line))
    }

    private static let accessors: Set<String> = [
        "get", "set", "_read", "_modify", "read", "modify", "willSet", "didSet", "unsafeAddress",
        "unsafeMutableAddress",
    ]
    private static let accessorModifiers: Set<String> = ["mutating", "nonmutating", "borrowing", "consuming"]
    /// Words that say that the brace opens a type, a closure or a part of a function.
    private static let others: Set<String> = [
        "let", "if", "for", "while", "switch", "guard", "do", "catch", "else", "repeat", "struct", "class",
        "enum", "actor", "extension", "protocol", "return", "case", "defer",
    ]

    /// The function whose header stands before a brace on `line`; nil for types, closures and control flow.
    private func declaredFunction(_ line: Int) -> (name: String, line: Int)? {
        if let accessor = header.first(where: { !FunctionFinder.accessorModifiers.contains($0.text) }),
            FunctionFinder.accessors.contains(accessor.text)
        {
            return (accessor.text, accessor.line)
        }
        var function: (name: String, line: Int)?
        var depth = 0
        for (index, token) in header.enumerated() {
            if token.text == "(" { depth += 1 }
            if token.text == ")" { depth -= 1 }
            guard depth == 0 else { continue }
            let previous = index > 0 ? header[index - 1].text : ""
            let rest = header[(index + 1)...]
            let next = rest.first?.text ?? ""
            switch token.text {
            case "func": function = (next, token.line)
            case "init" where previous != "." && ["(", "<", "?", "!"].contains(next):
                function = ("init", token.line)
            case "deinit", "subscript": function = (token.text, token.line)
            case "var":
                let isComputed = token.line == line && !rest.contains { $0.text == "=" }
                function = isComputed ? (next, token.line) : nil
            // A parameter that is a number: `func tile<let rows: Int>`.
            case "let" where function != nil && (previous == "<" || previous == ","): break
            case let word where FunctionFinder.others.contains(word) && previous != ".": function = nil
            default: break
            }
        }
        return function
    }
}
