// SPDX-License-Identifier: Apache-2.0

/// Files and functions stay small enough to be read in one go.
enum SizeLaw {
    static let fileLinesMax = 600
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

    static func columnViolations(path: String, lines: [String]) -> [Violation] {
        lines.enumerated().filter {
            $0.element.utf8.count > columnsMax && $0.element.unicodeScalars.count > columnsMax
        }.map {
            let message = "\($0.element.unicodeScalars.count) columns; at most \(columnsMax)"
            return Violation(path: path, line: $0.offset + 1, message: message)
        }
    }
}
