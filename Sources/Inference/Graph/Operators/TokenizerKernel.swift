// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Texts become their words, as many as the longest text of the request has; the rest is filled up.
struct TokenizerKernel: OperatorKernel {
    enum Rule: Sendable {
        case pattern(TokenPattern)
        case characters
    }

    let rule: Rule
    let marksEnds: Bool
    let filler: String
    /// Shorter words are left out.
    let shortest: Int

    init(_ description: OperatorDescription) throws(OperatorError) {
        marksEnds = try description.flag("mark")
        filler = try description.string("pad_value", default: "")
        shortest = try description.integer("mincharnum", default: 1)
        if shortest < 1 { throw OperatorError("mincharnum") }
        let pattern = try description.string("tokenexp", default: "")
        // A point alone takes every character, ends of lines too.
        if !pattern.isEmpty && pattern != "." {
            rule = .pattern(try TokenPattern(pattern))
        } else {
            let separators = try description.strings("separators") ?? []
            guard pattern == "." || separators == [""], shortest == 1 else {
                throw OperatorError(unsupported: "separators, or characters and mincharnum")
            }
            rule = .characters
        }
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        guard x.shape.rank == 1 || x.shape.rank == 2 else { throw OperatorError("an input of \(x.shape)") }
        var lines: [[String]] = []
        for text in try x.array(String.self).prefix(x.count) {
            var words: [String]
            switch rule {
            case .pattern(let pattern): words = try pattern.words(text, shortest: shortest)
            case .characters: words = text.unicodeScalars.map { String($0) }
            }
            if marksEnds { words = ["\u{2}"] + words + ["\u{3}"] }
            lines.append(words)
        }
        // Without a text there is no axis of words.
        if lines.isEmpty { return context.set(0, x.shape.rank == 1 ? Shape(0) : Shape(0, 0), [String]()) }
        let width = lines.map(\.count).max() ?? 0
        var shape = x.shape
        shape.append(width)
        guard shape.checkedCount != nil else { throw OperatorError("a result of \(shape)") }
        context.set(
            0, shape,
            lines.flatMap { $0 + [String](repeating: filler, count: width - $0.count) })
    }
}
