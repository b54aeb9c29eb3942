// SPDX-License-Identifier: Apache-2.0
import Tabular

/// How rows are divided into those that are learned from and those that are held out, within the training
/// rows: for cross-validation, for the choice of algorithms and settings, for calibration, for intervals, and
/// to end a training early. It follows the rule by which test rows are set apart.
package struct Folding: Sendable, Equatable {
    private enum Kind: Sendable, Equatable {
        case chance
        case groups
        case time
    }

    private let kind: Kind
    /// One a row of the table, the same for rows of one group; or the time. Empty for chance.
    private let keys: [Double]

    /// By chance; classes keep their proportions.
    package static let chance: Folding = Folding(kind: .chance, keys: [])

    private init(kind: Kind, keys: [Double]) {
        self.kind = kind
        self.keys = keys
    }

    /// - Throws: what `Split` throws of the same rule: a column that is not there, or has no such values.
    package init(_ rule: Split.Rule, table: Table) throws(TrainingError) {
        switch rule {
        case .random, .column: self = .chance
        case .groups(let name, _, _, _):
            self.init(kind: .groups, keys: try Split.groupKeys(name, table))
        case .time(let name, _, _):
            self.init(kind: .time, keys: try Split.timeKeys(name, table))
        }
    }

    /// Whether another seed gives other divisions.
    var canDivideAnew: Bool { kind != .time }

    /// At most `count` divisions of `rows` into training and test rows, all ascending.
    ///
    /// By chance and by groups each row is tested once. A group is whole in one fold; the folds are about
    /// equally large, with classes in proportion as far as groups allow, and fewer when there are fewer
    /// groups. By time the rows are cut into `count` + 1 stretches of equal length, and each but the first is
    /// tested by what was learned from all before it.
    ///
    /// - Throws: `emptyPart` when the rows are of one group, or of fewer than two times that can be cut.
    func folds(
        _ rows: [Int], count: Int, target: Target, seed: UInt64
    ) throws(TrainingError) -> [Split] {
        switch kind {
        case .chance: return Split.folds(rows, count: count, target: target, seed: seed)
        case .groups: return try groupFolds(rows, count, target, seed)
        case .time:
            let folds = timeFolds(rows, count)
            guard !folds.isEmpty else {
                throw .emptyPart(part: "held-out", reason: "there is \(rows.count) training row")
            }
            return folds
        }
    }

    /// One division of `rows` that holds about one row in `parts` out: the latest ones by time.
    func holdOut(
        _ rows: [Int], parts: Int, target: Target, seed: UInt64
    ) throws(TrainingError) -> Split {
        guard kind == .time else { return try folds(rows, count: parts, target: target, seed: seed)[0] }
        guard let last = timeFolds(rows, parts - 1).last else {
            throw .emptyPart(part: "held-out", reason: "there is \(rows.count) training row")
        }
        return last
    }

    /// The larger groups first, each to the fold that stays most like the others by it; groups of one size
    /// in an order drawn by the seed.
    private func groupFolds(
        _ rows: [Int], _ count: Int, _ target: Target, _ seed: UInt64
    ) throws(TrainingError) -> [Split] {
        var members: [Double: [Int]] = [:]
        for row in rows { members[keys[row], default: []].append(row) }
        let foldCount = min(count, members.count)
        guard foldCount >= 2 else {
            throw .emptyPart(part: "held-out", reason: "all training rows are of one group")
        }
        let groups = members.keys.sorted()
        var order = Array(groups.indices)
        var random = RandomSource(seed: seed)
        random.shuffle(&order)
        let sizes = groups.map { members[$0]?.count ?? 0 }
        let places = order.indices.sorted {
            (sizes[order[$1]], $0) < (sizes[order[$0]], $1)
        }
        let classCount = max(target.classCount, 1)
        func classIndex(_ row: Int) -> Int {
            target.task == .classification ? Int(target.values[row]) : 0
        }
        var totals = [Double](repeating: 0, count: classCount)
        for row in rows { totals[classIndex(row)] += 1 }
        var counts = [[Double]](repeating: totals.map { _ in 0 }, count: foldCount)
        var parts = [[Int]](repeating: [], count: foldCount)
        for place in places {
            let own = members[groups[order[place]]] ?? []
            var added = [Double](repeating: 0, count: classCount)
            for row in own { added[classIndex(row)] += 1 }
            // How much larger the sum of the squared parts of each class becomes.
            let costs = counts.map { fold in
                zip(zip(fold, added), totals).reduce(0.0) { sum, one in
                    let ((old, new), total) = one
                    return new == 0 ? sum : sum + (2 * old * new + new * new) / (total * total)
                }
            }
            // An empty fold first: each is to have a group.
            let chosen =
                costs.indices.min {
                    (parts[$0].isEmpty ? 0 : 1, costs[$0], $0) < (parts[$1].isEmpty ? 0 : 1, costs[$1], $1)
                } ?? 0
            parts[chosen] += own
            for index in added.indices { counts[chosen][index] += added[index] }
        }
        return parts.map { part in
            let test = Set(part)
            return Split(train: rows.filter { !test.contains($0) }, test: part.sorted())
        }
    }

    /// Rows of the same time stay in the order of the table.
    private func timeFolds(_ rows: [Int], _ count: Int) -> [Split] {
        let order = rows.sorted { (keys[$0], $0) < (keys[$1], $1) }
        let parts = min(count, rows.count - 1) + 1
        guard parts >= 2 else { return [] }
        // What does not divide goes to the first stretch, which is only learned from.
        let size = rows.count / parts
        let first = rows.count - size * (parts - 1)
        return (0..<parts - 1).map { part in
            let start = first + part * size
            return Split(train: order[..<start].sorted(), test: order[start..<start + size].sorted())
        }
    }
}
