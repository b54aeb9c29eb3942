// SPDX-License-Identifier: Apache-2.0

/// A place in a YAML document; line and column count characters from 1.
package struct YAMLMark: Sendable, Equatable, CustomStringConvertible {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// `LINE:COLUMN`, as compilers print it.
    package var description: String { "\(line):\(column)" }
}

/// One value of a YAML document together with the place where it begins, so that whoever reads it can point
/// there.
///
/// Scalars stay text: what a number, a duration or a truth value looks like is the reader's rule, not YAML
/// 1.1's (where `no` is false and `1_0` is ten). `isPlain` tells `null` the keyword from `"null"` the text.
package struct YAMLValue: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        /// `isPlain`: written without quotes and not as a block.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLValue])
        /// In the order of the document; keys are unique.
        case mapping([Entry])
    }

    package struct Entry: Sendable, Equatable {
        package var key: String
        package var keyMark: YAMLMark
        package var value: YAMLValue

        package init(key: String, keyMark: YAMLMark, value: YAMLValue) {
            self.key = key
            self.keyMark = keyMark
            self.value = value
        }
    }

    package var content: Content
    package var mark: YAMLMark

    package init(_ content: Content, at mark: YAMLMark) {
        self.content = content
        self.mark = mark
    }

    /// The text of a scalar; nil for sequences and mappings.
    package var scalar: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    /// The elements of a sequence; nil for scalars and mappings.
    package var sequence: [YAMLValue]? {
        if case .sequence(let elements) = content { elements } else { nil }
    }

    /// The entries of a mapping; nil for scalars and sequences.
    package var mapping: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    /// True for a scalar that says "no value": nothing at all, `~` or `null`, all without quotes.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }

    /// The value under `key` of a mapping; nil when it is absent or this is no mapping.
    package subscript(key: String) -> YAMLValue? { mapping?.first { $0.key == key }?.value }

    /// What kind of value this is, for messages: "a value", "a list" or "a mapping".
    package var kindName: String {
        switch content {
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
