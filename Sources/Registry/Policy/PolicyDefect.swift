// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a policy, and where.
package struct PolicyDefect: Error, Equatable, CustomStringConvertible {
    /// The key, with those that it stands under: `limits.queue`; empty for the whole file.
    package var key: String
    package var reason: String
    /// From 1; nil when the place has no line, as the two files taken together have none.
    package var line: Int?
    package var column: Int?

    package init(key: String = "", _ reason: String, line: Int? = nil, column: Int? = nil) {
        self.key = key
        self.reason = reason
        self.line = line
        self.column = column
    }

    /// `line 3, column 9: limits.queue: …`
    package var description: String {
        let place = line.map { "line \($0), column \(column ?? 1): " } ?? ""
        return place + (key.isEmpty ? reason : "\(key): \(reason)")
    }
}
