// SPDX-License-Identifier: Apache-2.0

/// Reads a regular expression; what it does not know is unsupported, and so is what RE2 would refuse.
struct TokenPatternParser {
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var depth = 0

    private static let lengthMax = 1_000
    private static let depthMax = 32
    private static let repetitionMax = 1_000

    init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    mutating func parse() throws(OperatorError) -> TokenPatternNode {
        if scalars.count > TokenPatternParser.lengthMax { throw unsupported("its length") }
        let node = try choice()
        if place < scalars.count { throw unsupported("\"\(scalars[place])\"") }
        return node
    }

    private func unsupported(_ what: String) -> OperatorError {
        let pattern = String(String.UnicodeScalarView(scalars.prefix(100)))
        return OperatorError(unsupported: "the pattern \"\(pattern)\": \(what) at character \(place)")
    }

    private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        place += 1
        return true
    }

    private mutating func choice() throws(OperatorError) -> TokenPatternNode {
        var choices = [try sequence()]
        while skip("|") { choices.append(try sequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(OperatorError) -> TokenPatternNode {
        var nodes: [TokenPatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" { nodes.append(try repetition()) }
        return .sequence(nodes)
    }

    private mutating func repetition() throws(OperatorError) -> TokenPatternNode {
        let node = try atom()
        let least: Int
        let most: Int?
        switch next {
        case "*"?: (least, most) = (0, nil)
        case "+"?: (least, most) = (1, nil)
        case "?"?: (least, most) = (0, 1)
        case "{"?: (least, most) = try counts()
        default: return node
        }
        place += 1
        // As few as possible, which the longest match does not ask.
        _ = skip("?")
        if let scalar = next, ["*", "+", "?", "{"].contains(scalar) { throw unsupported("\"\(scalar)\"") }
        return .repeated(node, least: least, most: most)
    }

    /// `{2}`, `{2,}` or `{2,3}`; the place is at the closing brace afterwards.
    private mutating func counts() throws(OperatorError) -> (least: Int, most: Int?) {
        place += 1
        guard let least = number() else { throw unsupported("a count") }
        var most: Int? = least
        if skip(",") { most = number() }
        guard next == "}", least <= TokenPatternParser.repetitionMax,
            most ?? least <= TokenPatternParser.repetitionMax, most ?? least >= least
        else { throw unsupported("a count") }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var number: Int?
        while let scalar = next, ScalarSet.digit.contains(scalar), number ?? 0 < 10_000 {
            number = (number ?? 0) * 10 + Int(scalar.value - 48)
            place += 1
        }
        return number
    }

    private mutating func atom() throws(OperatorError) -> TokenPatternNode {
        guard let scalar = next else { throw unsupported("an end") }
        place += 1
        switch scalar {
        case ".": return .set(.any)
        case "[": return .set(try characterClass())
        case "(":
            depth += 1
            defer { depth -= 1 }
            if depth > TokenPatternParser.depthMax { throw unsupported("so many groups") }
            if skip("?") && !skip(":") { throw unsupported("a flag") }
            let inner = try choice()
            if !skip(")") { throw unsupported("an open group") }
            return inner
        case "\\":
            if skip("b") { return .boundary(true) }
            if skip("B") { return .boundary(false) }
            return .set(try escaped())
        case "*", "+", "?", "{", "^", "$": throw unsupported("\"\(scalar)\"")
        default: return .set(ScalarSet([scalar...scalar]))
        }
    }

    /// What stands behind a backslash.
    private mutating func escaped() throws(OperatorError) -> ScalarSet {
        guard let scalar = next else { throw unsupported("a backslash") }
        place += 1
        switch scalar {
        case "w": return .word
        case "W": return ScalarSet.word.complement
        case "d": return .digit
        case "D": return ScalarSet.digit.complement
        case "s": return .space
        case "S": return ScalarSet.space.complement
        case "n": return ScalarSet(["\n"..."\n"])
        case "t": return ScalarSet(["\t"..."\t"])
        case "r": return ScalarSet(["\r"..."\r"])
        default:
            guard scalar.isASCII, !ScalarSet.word.contains(scalar) else { throw unsupported("\\\(scalar)") }
            return ScalarSet([scalar...scalar])
        }
    }

    private mutating func characterClass() throws(OperatorError) -> ScalarSet {
        let isNegated = skip("^")
        var set = ScalarSet()
        var isFirst = true
        while let scalar = next, scalar != "]" || isFirst {
            isFirst = false
            place += 1
            if scalar == "[" && next == ":" { throw unsupported("a named class") }
            if scalar == "\\" {
                let before = place
                set.formUnion(try escaped())
                // `\w-x` is no range; `\.-x` would be one.
                if next == "-", place + 1 < scalars.count, scalars[place + 1] != "]",
                    !ScalarSet.word.contains(scalars[before])
                {
                    throw unsupported("a range from a backslash")
                }
                continue
            }
            var last = scalar
            if next == "-", place + 1 < scalars.count, scalars[place + 1] != "]" {
                place += 1
                last = scalars[place]
                place += 1
                if last == "\\" || last < scalar { throw unsupported("a range") }
            }
            set.formUnion(ScalarSet([scalar...last]))
        }
        if !skip("]") { throw unsupported("an open class") }
        return isNegated ? set.complement : set
    }
}
