// SPDX-License-Identifier: Apache-2.0

/// Every escape from the compiler's checks says why it is safe: `// Safe because <owner, bound or lock>`.
///
/// The comment stands in the same function above the escape, or at most three lines above it (properties of
/// one line); for a declaration it may also stand on the first lines behind it. One comment covers the
/// escapes below it in its function.
enum SafetyLaw {
    static let linesApart = 3
    static let reason = "Safe because "

    private static func escapes(in line: String) -> [String] {
        line.matches(
            of:
                #/
                (?:^|[^\w@.(])(unsafe)(?=[\s(])
                | (@unchecked\s+Sendable)
                | (nonisolated\(unsafe\))
                | (unowned\(unsafe\))
                | \b(try!|as!)
                /#
        ).compactMap { match in
            let found = match.1 ?? match.2 ?? match.3 ?? match.4 ?? match.5
            return found.map(String.init)
        } + line.matches(of: #/\((unsafe)\s/#).map { String($0.1) }
    }

    static func violations(in source: SwiftSource) -> [Violation] {
        var found: [Violation] = []
        for (number, line) in source.codeLines(mentioning: ["unsafe", "@unchecked", "try", "as"]) {
            for escape in escapes(in: line) where !isExplained(escape, number, in: source) {
                found.append(
                    Violation(
                        path: source.path, line: number,
                        message: "`\(escape)` needs a comment above it: // \(reason)… (owner, bound or lock)")
                )
            }
        }
        return found
    }

    private static func isExplained(_ escape: String, _ line: Int, in source: SwiftSource) -> Bool {
        var first = max(1, line - linesApart)
        var last = line
        if let function = source.function(around: line) { first = min(first, function.lines.lowerBound) }
        if escape.hasPrefix("@unchecked") || escape.hasPrefix("nonisolated") {
            last = min(source.lines.count, line + linesApart)
        }
        return (first...last).contains { source.comments[$0 - 1].contains("// " + reason) }
    }

    /// Calls that end the process or write to standard output; a library returns an error instead.
    static func forbiddenCalls(inLibrary source: SwiftSource) -> [Violation] {
        let parts = source.path.split(separator: "/")
        guard parts.count >= 3, parts[0] == "Sources", let entry = ImportLaw.table[String(parts[1])],
            entry.level < ImportLaw.firstLevelWithFoundation
        else { return [] }
        let words = ["fatalError", "print", "debugPrint", "dump", "try", "exit"]
        return source.codeLines(mentioning: words).flatMap { number, line in
            line.matches(of: #/(?:^|[^\w.])(fatalError\(|print\(|debugPrint\(|dump\(|try!|exit\()/#).map {
                Violation(
                    path: source.path, line: number,
                    message: "`\($0.1)` has no place in a library; throw an error or log an event")
            }
        }
    }
}
