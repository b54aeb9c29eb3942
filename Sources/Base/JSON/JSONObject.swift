// SPDX-License-Identifier: Apache-2.0

/// The members of a JSON object, in the order of the text; no key stands twice.
package struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    package private(set) var members: [(key: String, value: JSONValue)] = []
    /// Where each key stands in `members`; empty while there are so few that looking through them is faster.
    private var positions: [String: Int] = [:]
    private static let fewMembers = 8

    package init() {}

    /// A key that is given twice keeps its place and takes the last value.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }

    /// - Complexity: O(1), but O(n) for taking a member out, by setting nil.
    package subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): add(key, value)
            case (let position?, nil):
                members.remove(at: position)
                positions = [:]
                indexWhenMany()
            case (nil, nil): break
            }
        }
    }

    /// False, and nothing done, when the key is there already.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        add(key, value)
        return true
    }

    private mutating func add(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if positions.isEmpty { indexWhenMany() } else { positions[key] = members.count - 1 }
    }

    private mutating func indexWhenMany() {
        guard members.count > Self.fewMembers else { return }
        for (position, member) in members.enumerated() { positions[member.key] = position }
    }

    private func position(of key: String) -> Int? {
        positions.isEmpty ? members.firstIndex { $0.key == key } : positions[key]
    }

    /// The same members in the same order.
    package static func == (left: Self, right: Self) -> Bool {
        left.members.elementsEqual(right.members) { $0.key == $1.key && $0.value == $1.value }
    }
}
