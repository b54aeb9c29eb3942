// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Laws on Markdown pages and on the two commands that a newcomer types.
enum DocumentLaw {
    /// Lines outside fenced code, with their numbers from 1.
    private static func prose(_ text: String) -> [(line: Int, text: Substring)] {
        var isInFence = false
        var lines: [(line: Int, text: Substring)] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isInFence.toggle()
            } else if !isInFence {
                lines.append((index + 1, line))
            }
        }
        return lines
    }

    static func headingViolations(_ path: String, text: String) -> [Violation] {
        let headings = prose(text).filter { $0.text.hasPrefix("# ") }
        if headings.count == 1 { return [] }
        let message = "\(headings.count) headings of the first level; a page has one"
        return [Violation(path: path, line: headings.dropFirst().first?.line ?? 0, message: message)]
    }

    /// Links to files that are not there; `exists` takes a path from the root.
    static func linkViolations(_ path: String, text: String, exists: (String) -> Bool) -> [Violation] {
        links(text).filter {
            !$0.target.hasPrefix("#") && !isElsewhere($0.target) && !exists(resolve($0.target, from: path))
        }.map { Violation(path: path, line: $0.line, message: "the link to \($0.target) leads nowhere") }
    }

    /// Links to headings that the page does not have; `text` gives the page at a path from the root.
    static func anchorViolations(
        _ path: String, text own: String, page: (String) throws -> String
    ) rethrows -> [Violation] {
        try links(own).filter { $0.target.contains("#") && !isElsewhere($0.target) }.compactMap {
            line, target in
            let anchor = String(target.drop { $0 != "#" }.dropFirst())
            let other = target.hasPrefix("#") ? own : try page(resolve(target, from: path))
            guard !anchors(other).contains(anchor) else { return nil }
            return Violation(path: path, line: line, message: "the page of \(target) has no such heading")
        }
    }

    /// What the headings of a page are linked to by: in small letters, with hyphens for spaces, and without
    /// punctuation.
    private static func anchors(_ text: String) -> Set<String> {
        let headings = prose(text).filter { $0.text.hasPrefix("#") }
        return Set(
            headings.map { heading in
                let words = heading.text.drop { $0 == "#" }.dropFirst().lowercased()
                let kept = words.filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == " " }
                return kept.replacing(" ", with: "-")
            })
    }

    /// Pages under docs/ that the reading list does not lead to.
    static func unlistedPages(_ paths: [String], readingList: String) -> [Violation] {
        let listed = Set(links(readingList).map { resolve($0.target, from: "docs/README.md") })
        return paths.filter { $0.hasPrefix("docs/") && $0 != "docs/README.md" && !listed.contains($0) }
            .map { Violation(path: $0, message: "is not in docs/README.md, where people look for it") }
    }

    /// All links outside code.
    private static func links(_ text: String) -> [(line: Int, target: String)] {
        prose(text).flatMap { line, text in
            text.replacing(#/`[^`]*`/#, with: "").matches(of: #/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/#)
                .map { (line, String($0.1)) }
        }
    }

    /// Whether a link leads out of the repository.
    private static func isElsewhere(_ target: String) -> Bool {
        target.firstMatch(of: #/^[a-z][a-z0-9+.-]*:/#) != nil
    }

    private static func resolve(_ target: String, from path: String) -> String {
        let file = target.prefix { $0 != "#" }
        var parts = path.split(separator: "/").dropLast().map(String.init)
        if file.hasPrefix("/") { parts = [] }
        for part in file.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    static func commandViolations(readme: String) -> [Violation] {
        ["make demo", "make test"].filter { !readme.contains($0) }
            .map { Violation(path: "README.md", message: "does not say `\($0)`") }
    }

    static func entryViolations(ci script: String, isExecutable: Bool) -> [Violation] {
        let path = ".ci/run"
        var found: [Violation] = []
        let commands = script.split(separator: "\n").filter { !$0.hasPrefix("#") }
        if !commands.contains(where: { $0.contains(#/\bmake test\b/#) }) {
            found.append(Violation(path: path, message: "does not call `make test`"))
        }
        if !isExecutable { found.append(Violation(path: path, message: "is not executable")) }
        return found
    }
}
