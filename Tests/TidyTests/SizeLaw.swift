// SPDX-License-Identifier: Apache-2.0

/// Files and functions stay small enough to be read in one go.
enum SizeLaw {
    static let fileLinesMax = 550
    static let functionLinesMax = 70
    static let columnsMax = 110

    /// Files and functions that may be longer, each with its reason beside it. May only shrink: an entry that
    /// is not needed any more fails the tests.
    static let longFiles: Set<String> = []
    /// Written `path:function`.
    static let longFunctions: Set<String> = []

    static func fileViolations(in source: SwiftSource) -> [Violation] {
        guard source.lines.count > fileLinesMax else { return [] }
        return [
            Violation(
                path: source.path,
                message: "\(source.lines.count) lines; at most \(fileLinesMax), split it by topic")
        ]
    }

    /// The second value is the name for the list of long functions.
    static func functionViolations(in source: SwiftSource) -> [(violation: Violation, key: String)] {
        source.functions.filter { $0.lines.count > functionLinesMax }.map {
            let message = "\($0.name) has \($0.lines.count) lines; at most \(functionLinesMax)"
            return (
                Violation(path: source.path, line: $0.lines.lowerBound, message: message),
                "\(source.path):\($0.name)"
            )
        }
    }

    /// Lines whose code or comment goes too far to the right. The text of a string literal may: a message in
    /// one piece can be searched for.
    static func columnViolations(in source: SwiftSource) -> [Violation] {
        source.lines.enumerated().compactMap { index, line in
            guard line.utf8.count > columnsMax else { return nil }
            let scalars = line.unicodeScalars
            guard scalars.count > columnsMax else { return nil }
            // The copies without literals agree with the line byte by byte, not character by character.
            let within = line[..<scalars.index(line.startIndex, offsetBy: columnsMax)].utf8.count
            let code = source.code[index].utf8.dropFirst(within)
            let comment = source.comments[index].utf8.dropFirst(within)
            let isTooLong =
                code.contains { $0 > UInt8(ascii: "/") && $0 < UInt8(ascii: "{") }
                || comment.contains { $0 != UInt8(ascii: " ") }
            guard isTooLong else { return nil }
            let message = "\(scalars.count) columns; at most \(columnsMax)"
            return Violation(path: source.path, line: index + 1, message: message)
        }
    }
}
