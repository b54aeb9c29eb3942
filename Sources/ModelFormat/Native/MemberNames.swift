// SPDX-License-Identifier: Apache-2.0

/// The names met so far in one JSON object; few, so the first ones are compared one by one.
struct MemberNames {
    private var few: [String] = []
    private var many: Set<String> = []

    /// False when `name` was met before.
    mutating func insert(_ name: String) -> Bool {
        if few.count < 16 {
            if few.contains(name) { return false }
            few.append(name)
            return true
        }
        if many.isEmpty { many = Set(few) }
        return many.insert(name).inserted
    }
}
