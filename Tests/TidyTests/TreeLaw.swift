// SPDX-License-Identifier: Apache-2.0

/// Laws on files as such: names, sizes, licence lines, leftovers, and a test target for each target.
enum TreeLaw {
    static let byteCountMax = 1 << 20
    static let licence = "SPDX-License-Identifier: Apache-2.0"

    static func nameViolations(_ paths: [String]) -> [Violation] {
        paths.filter { $0.contains(where: \.isWhitespace) }
            .map { Violation(path: $0, message: "no spaces in paths") }
    }

    static func sizeViolations(_ path: String, byteCount: Int) -> [Violation] {
        guard byteCount > byteCountMax else { return [] }
        return [Violation(path: path, message: "\(byteCount) bytes; at most \(byteCountMax)")]
    }

    /// The licence stands on the first line, or on the second below `#!` or the manifest's tools version.
    static func licenceViolations(_ path: String, text: String) -> [Violation] {
        let lines = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        guard let first = lines.first else { return [] }
        let head = first.hasPrefix("#!") ? lines.prefix(2) : lines.prefix(1)
        if head.contains(where: { $0.hasSuffix(licence) || $0.hasSuffix(licence + " */") }) { return [] }
        return [Violation(path: path, message: "the first line must be the comment \(licence)")]
    }

    /// Notes to oneself that should have become an issue or a sentence.
    static func markerViolations(in source: SwiftSource) -> [Violation] {
        source.comments.enumerated().flatMap { index, comment in
            guard comment.utf8.contains(where: { $0 != UInt8(ascii: " ") }) else { return [Violation]() }
            return comment.matches(of: #/\b(TODO|FIXME|XXX)\b/#).map {
                let message = "\($0.1) left behind; do it, or write down why not"
                return Violation(path: source.path, line: index + 1, message: message)
            }
        }
    }

    /// Targets without a test target of their own; C doors and executables are tested through their users.
    static func untestedTargets(_ paths: [String]) -> [Violation] {
        let targets = Set(paths.compactMap { folder(of: $0, under: "Sources") })
        let tested = Set(
            paths.filter { $0.hasSuffix(".swift") }.compactMap { folder(of: $0, under: "Tests") })
        return targets.sorted().filter {
            !ImportLaw.doors.contains($0) && !ImportLaw.executables.contains($0)
                && !tested.contains($0 + "Tests")
        }.map { Violation(path: "Sources/\($0)", message: "has no tests: make Tests/\($0)Tests") }
    }

    private static func folder(of path: String, under top: String) -> String? {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[0] == top ? String(parts[1]) : nil
    }

    /// Packages whose name says that SwiftNIO came along.
    static func networkingPackages(_ path: String, text: String) -> [Violation] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .filter { $0.element.lowercased().contains("swift-nio") }
            .map {
                let message = "SwiftNIO must not be in the dependency graph"
                return Violation(path: path, line: $0.offset + 1, message: message)
            }
    }
}
