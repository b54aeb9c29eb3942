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
        prose(text).flatMap { line, text in
            // Code spans are no links.
            text.replacing(#/`[^`]*`/#, with: "").matches(of: #/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/#)
                .map { String($0.1) }
                .filter { target in
                    if target.hasPrefix("#") || target.firstMatch(of: #/^[a-z][a-z0-9+.-]*:/#) != nil {
                        return false
                    }
                    return !exists(resolve(target, from: path))
                }
                .map { Violation(path: path, line: line, message: "the link to \($0) leads nowhere") }
        }
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
