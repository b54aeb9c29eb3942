// SPDX-License-Identifier: Apache-2.0

/// Finds the name that somebody probably meant.
enum ConfigurationSuggestion {
    /// The closest of `candidates`: the one with the same last part (`body_bytes` for `limits.body_bytes`),
    /// or the one that is a few typing errors away; nil when nothing is near. `separator` parts a name's
    /// sections.
    static func nearest(to name: String, in candidates: [String], separator: Character) -> String? {
        if let sameTail = candidates.first(where: { $0.hasSuffix("\(separator)\(name)") }) { return sameTail }
        let tolerance = max(2, name.count / 4)
        let ranked = candidates.map { (name: $0, distance: distance(Array(name.utf8), Array($0.utf8))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= tolerance && best.distance < name.utf8.count ? best.name : nil
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment), at most 64
    /// bytes.
    private static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        guard first.count <= 64, second.count <= 64 else { return Int.max }
        var beforeLast: [Int] = []
        var last = Array(0...second.count)
        for (row, byte) in first.enumerated() {
            var current = [row + 1]
            for (column, other) in second.enumerated() {
                var best = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (byte == other ? 0 : 1))
                if row > 0, column > 0, byte == second[column - 1], first[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[second.count]
    }
}
