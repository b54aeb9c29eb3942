// SPDX-License-Identifier: Apache-2.0
import Base

/// Infrequent categories, which encoders of scikit-learn put together (`min_frequency`, `max_categories`).
struct SkopsGroups {
    /// For each column the place of each category's group; a column without a group has its categories'
    /// places.
    private let groups: [[Int]]
    /// Whether categories that training never saw belong to the group of the infrequent ones.
    private let takesUnseen: [Bool]

    /// Nil where no category is put together with others.
    init?(
        _ node: SkopsNode, _ archive: SkopsArchive, categories: [[SkopsLabel]]
    ) throws(FormatError) {
        guard node.flag("_infrequent_enabled") == true else { return nil }
        let name = "_default_to_infrequent_mappings"
        let items = try node.require(name).items ?? []
        if items.count != categories.count {
            throw .wrongShape(
                part: "\(node.path).\(name)", expected: "[\(categories.count)]", found: "[\(items.count)]")
        }
        let takesUnseen = ["infrequent_if_exist", "warn"].contains(node.string("handle_unknown") ?? "")
        var groups: [[Int]] = []
        var unseen: [Bool] = []
        for (item, labels) in zip(items, categories) {
            if item.scalar == .null {
                groups.append(Array(labels.indices))
                unseen.append(false)
                continue
            }
            let places = try archive.doubles(item).compactMap { Int(exactly: $0) }
            guard places.count == labels.count, let last = places.max(), last >= 0, last < places.count,
                Set(places) == Set(0...last)
            else {
                throw .invalidValue(part: item.path, reason: "it does not give each category a group")
            }
            groups.append(places)
            unseen.append(takesUnseen)
        }
        if zip(groups, categories).allSatisfy({ $0 == Array($1.indices) }) { return nil }
        let groupCount = groups.reduce(0) { $0 + ($1.max() ?? 0) + 1 }
        let width = groups.reduce(0) { $0 + $1.count }
        let (size, overflow) = groupCount.multipliedReportingOverflow(by: width)
        if overflow || size > 1 << 24 {
            throw .unsupported(
                part: "\(node.path): \(node.className) with so many categories", advice: SkopsImporter.advice)
        }
        self.groups = groups
        self.takesUnseen = unseen
    }

    /// Makes of one column a category one column a group, but for the dropped ones. The group of the
    /// infrequent ones is the last; where it takes what training never saw it is all that no other group has.
    func columns(dropped: [Int?]) -> (matrix: [Double], addends: [Double]) {
        let width = groups.reduce(0) { $0 + $1.count }
        var matrix: [Double] = []
        var addends: [Double] = []
        var start = 0
        for (column, places) in groups.enumerated() {
            let last = places.max() ?? 0
            for group in 0...last where group != dropped[column] {
                let isRest = group == last && takesUnseen[column]
                var row = [Double](repeating: 0, count: width)
                for (category, place) in places.enumerated() {
                    if isRest {
                        row[start + category] = place == group ? 0 : -1
                    } else {
                        row[start + category] = place == group ? 1 : 0
                    }
                }
                matrix += row
                addends.append(isRest ? 1 : 0)
            }
            start += places.count
        }
        return (matrix, addends)
    }

    /// Makes of one column a category, `counts` of them, one code a column: the group's place, -1 where no
    /// category is.
    func codes(counts: [Int]) -> (matrix: [Double], addends: [Double]) {
        let width = counts.reduce(0, +)
        var matrix: [Double] = []
        var start = 0
        for (places, count) in zip(groups, counts) {
            var row = [Double](repeating: 0, count: width)
            for category in 0..<count { row[start + category] = Double(places[category] + 1) }
            matrix += row
            start += count
        }
        return (matrix, [Double](repeating: -1, count: counts.count))
    }
}
