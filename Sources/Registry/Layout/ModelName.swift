// SPDX-License-Identifier: Apache-2.0

/// The rule for names of models: what is safe in a path, a URL and a label of a metric.
package enum ModelName {
    /// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`
    package static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 64, isAlphanumeric(first) else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }
    }

    /// The name for a model that is served from a bare file or directory: its last part without the
    /// extension.
    static func derived(fromPath path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? ""
        let stem = last.lastIndex(of: ".").map { String(last[..<$0]) } ?? last
        return isValid(stem) ? stem : "model"
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}

/// The number of a version: decimal, no sign, no leading zero, at most the greatest Int64.
package struct ModelVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) {
        precondition(number >= 0, "versions are not negative")
        self.number = number
    }

    package init?(_ text: String) {
        let digits = text.utf8
        guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int64(text),
            digits.first != 0x30 || digits.count == 1
        else { return nil }
        self.number = number
    }

    /// The version after this one; nil after the last.
    package var next: ModelVersion? { number == .max ? nil : ModelVersion(number + 1) }

    package var description: String { "\(number)" }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}
