// SPDX-License-Identifier: Apache-2.0

/// A regular expression that says what a word is: the part of RE2's language that text models use.
///
/// Read are characters, classes, `.`, groups, `|`, `* + ? {m,n}`, `\b` and the classes of letters after a
/// backslash, which are those of ASCII. Of the matches that begin at one place the longest counts.
struct TokenPattern: Sendable {
    private enum Instruction: Sendable {
        case take(ScalarSet)
        /// Goes on at both places.
        case fork(Int, Int)
        case jump(Int)
        /// Only between a letter and something else, or only elsewhere.
        case boundary(Bool)
        case match
    }

    private var program: [Instruction] = []

    /// Steps that one text may take.
    private static let stepsMax = 1 << 27
    private static let programMax = 4_096

    init(_ pattern: String) throws(OperatorError) {
        var parser = TokenPatternParser(pattern)
        let node = try parser.parse()
        var visits = 0
        try append(node, &visits)
        program.append(.match)
    }

    /// `visits` counts the parts, of which empty ones add nothing to the program.
    private mutating func append(_ node: TokenPatternNode, _ visits: inout Int) throws(OperatorError) {
        visits += 1
        if max(program.count, visits) > TokenPattern.programMax {
            throw OperatorError(unsupported: "a pattern of more than \(TokenPattern.programMax) steps")
        }
        switch node {
        case .set(let set): program.append(.take(set))
        case .boundary(let isBoundary): program.append(.boundary(isBoundary))
        case .sequence(let nodes): for node in nodes { try append(node, &visits) }
        case .choice(let nodes):
            var ends: [Int] = []
            for node in nodes.dropLast() {
                let fork = program.count
                program.append(.jump(0))
                try append(node, &visits)
                ends.append(program.count)
                program.append(.jump(0))
                program[fork] = .fork(fork + 1, program.count)
            }
            if let last = nodes.last { try append(last, &visits) }
            for end in ends { program[end] = .jump(program.count) }
        case .repeated(let node, let least, let most):
            for _ in 0..<least { try append(node, &visits) }
            if let most {
                var forks: [Int] = []
                for _ in 0..<max(0, most - least) {
                    forks.append(program.count)
                    program.append(.jump(0))
                    try append(node, &visits)
                }
                for fork in forks { program[fork] = .fork(fork + 1, program.count) }
            } else {
                let fork = program.count
                program.append(.jump(0))
                try append(node, &visits)
                program.append(.jump(fork))
                program[fork] = .fork(fork + 1, program.count)
            }
        }
    }

    /// What a search needs beyond the program.
    private struct Search {
        let scalars: [Unicode.Scalar]
        /// The round in which an instruction was last reached.
        var reached: [Int]
        var round = 0
        var steps = 0
    }

    /// The words of `text`, from the left; none of fewer than `shortest` characters.
    func words(_ text: String, shortest: Int) throws(OperatorError) -> [String] {
        var search = Search(
            scalars: Array(text.unicodeScalars), reached: [Int](repeating: 0, count: program.count))
        var words: [String] = []
        var start = 0
        while start < search.scalars.count {
            guard let end = try longestMatch(from: start, &search), end > start else {
                start += 1
                continue
            }
            if end - start >= shortest {
                var word = String.UnicodeScalarView()
                word.append(contentsOf: search.scalars[start..<end])
                words.append(String(word))
            }
            start = end
        }
        return words
    }

    /// Where the longest match that begins at `start` ends; nil where none does.
    private func longestMatch(from start: Int, _ search: inout Search) throws(OperatorError) -> Int? {
        var current: [Int] = []
        var next: [Int] = []
        var end: Int?
        var place = start
        search.round += 1
        if follow(0, at: place, &search, &current) { end = place }
        while place < search.scalars.count && !current.isEmpty {
            search.steps += current.count
            if search.steps > TokenPattern.stepsMax { throw OperatorError("a text too long for the pattern") }
            next.removeAll(keepingCapacity: true)
            search.round += 1
            var matches = false
            for instruction in current {
                guard case .take(let set) = program[instruction], set.contains(search.scalars[place]) else {
                    continue
                }
                if follow(instruction + 1, at: place + 1, &search, &next) { matches = true }
            }
            place += 1
            if matches { end = place }
            swap(&current, &next)
        }
        return end
    }

    /// Adds the instructions that take a character to `found`; whether the match may end here.
    private func follow(_ first: Int, at place: Int, _ search: inout Search, _ found: inout [Int]) -> Bool {
        var matches = false
        var waiting = [first]
        while let instruction = waiting.popLast() {
            if search.reached[instruction] == search.round { continue }
            search.reached[instruction] = search.round
            switch program[instruction] {
            case .take: found.append(instruction)
            case .jump(let target): waiting.append(target)
            case .fork(let one, let other):
                waiting.append(one)
                waiting.append(other)
            case .boundary(let isBoundary):
                let scalars = search.scalars
                let before = place > 0 && ScalarSet.word.contains(scalars[place - 1])
                let after = place < scalars.count && ScalarSet.word.contains(scalars[place])
                if (before != after) == isBoundary { waiting.append(instruction + 1) }
            case .match: matches = true
            }
        }
        return matches
    }
}

indirect enum TokenPatternNode {
    case set(ScalarSet)
    case boundary(Bool)
    case sequence([TokenPatternNode])
    case choice([TokenPatternNode])
    case repeated(TokenPatternNode, least: Int, most: Int?)
}

/// Characters, as ranges of their numbers, ascending.
struct ScalarSet: Sendable {
    private var ranges: [ClosedRange<UInt32>]

    static let word = ScalarSet(["0"..."9", "A"..."Z", "_"..."_", "a"..."z"])
    static let digit = ScalarSet(["0"..."9"])
    static let space = ScalarSet(["\t"..."\n", "\u{c}"..."\r", " "..." "])
    /// All but the end of a line.
    static let any = ScalarSet(["\n"..."\n"]).complement

    init(_ ranges: [ClosedRange<Unicode.Scalar>] = []) {
        self.ranges = ranges.map { $0.lowerBound.value...$0.upperBound.value }
    }

    mutating func formUnion(_ other: ScalarSet) {
        let all = (ranges + other.ranges).sorted { $0.lowerBound < $1.lowerBound }
        ranges = []
        for range in all {
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    var complement: ScalarSet {
        var result = ScalarSet()
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { result.ranges.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10_FFFF { result.ranges.append(next...0x10_FFFF) }
        return result
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } }
}
