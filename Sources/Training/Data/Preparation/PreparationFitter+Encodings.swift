// SPDX-License-Identifier: Apache-2.0
internal import Base
import Glibc
import ModelFormat
import Preprocess
import Tabular

/// Steps on categories, dates and texts.
extension PreparationFitter {
    private func categoryCount(_ column: WorkingColumn, _ step: String) throws(TrainingError) -> Int {
        guard case .coded(let count) = column.kind else {
            throw .preprocessing(
                step: step, column: column.name, reason: "it is \(described(column)), not a category")
        }
        return count
    }

    mutating func oneHot(_ chosen: [WorkingColumn], _ rule: OneHotRule) throws(TrainingError) {
        for column in chosen {
            let count = try categoryCount(column, "one_hot")
            var counts = [Int](repeating: 0, count: count)
            var hasMissing = false
            for row in rows {
                if let code = Int(exactly: column.values[row]), code >= 0 { counts[code] += 1 }
                if column.values[row].isNaN { hasMissing = true }
            }
            let rare = rareCategories(counts, rule)
            var names: [String] = []
            var positions = [Int](repeating: -1, count: count + 2)
            for code in 0..<count where !rare.contains(code) {
                positions[code] = names.count
                names.append("\(column.name)=\(column.categories[code])")
            }
            if !rare.isEmpty {
                for code in rare { positions[code] = names.count }
                if rule.unseenAreRare { positions[count] = names.count }
                names.append("\(column.name)=(rare)")
            }
            if rule.missingHasColumn && hasMissing {
                positions[count + 1] = names.count
                names.append("\(column.name)=(missing)")
            }
            if rule.dropsFirst {
                positions = positions.map { $0 < 0 ? $0 : $0 - 1 }
                names.removeFirst(min(1, names.count))
            }
            if names.isEmpty {
                columns.removeAll { $0.name == column.name }
                continue
            }
            try run([column], names, .oneHot(positions: positions), .oneHot(rule), replaces: true)
        }
    }

    /// The codes that share a column, as scikit-learn's `min_frequency` and `max_categories` choose them.
    private func rareCategories(_ counts: [Int], _ rule: OneHotRule) -> Set<Int> {
        var rare = Set(counts.indices.filter { counts[$0] < rule.countMin })
        if let columnsMax = rule.columnsMax, counts.count - rare.count + (rare.isEmpty ? 0 : 1) > columnsMax {
            let order = counts.indices.sorted {
                counts[$0] == counts[$1] ? $0 < $1 : counts[$0] > counts[$1]
            }
            rare = Set(order.dropFirst(max(columnsMax - 1, 0)))
        }
        return rare
    }

    mutating func ordinal(_ chosen: [WorkingColumn]) throws(TrainingError) {
        for column in chosen {
            let count = try categoryCount(column, "ordinal")
            let values = (0..<count).map(Double.init) + [FeatureKind.unseenCategory, .nan]
            try run([column], [column.name], .lookup(values: values), .ordinal)
        }
    }

    mutating func encodeByTarget(
        _ chosen: [WorkingColumn], _ smooth: Double?, _ foldCount: Int
    ) throws(TrainingError) {
        guard let target else {
            throw .preprocessing(step: "target", column: nil, reason: "there is no target; name one")
        }
        let folds = Split.folds(rows, count: foldCount, target: target, seed: seed)
        for column in chosen {
            let count = try categoryCount(column, "target")
            let classes: [Int?] =
                target.task == .regression
                ? [nil] : target.classCount == 2 ? [1] : Array(0..<target.classCount)
            var values: [Double] = []
            var names: [String] = []
            var outside: [[Double]] = []
            for label in classes {
                let truth = target.values.map { value in label.map { Double($0) == value ? 1 : 0 } ?? value }
                func encoding(_ rows: [Int]) -> TargetEncoding {
                    TargetEncoding(
                        codes: column.values, target: truth, rows: rows, categoryCount: count, smooth: smooth)
                }
                values += encoding(rows).values
                names.append(
                    classes.count == 1 ? column.name : "\(column.name)_\(target.label(label ?? 0))")
                var held = [Double](repeating: .nan, count: truth.count)
                for fold in folds where !fold.test.isEmpty && !fold.train.isEmpty {
                    let encoding = encoding(fold.train)
                    for row in fold.test {
                        held[row] = encoding.values[TargetEncoding.entry(column.values[row], count)]
                    }
                }
                outside.append(held)
            }
            let rows = rows
            try run(
                [column], names, .lookup(values: values), .target(smooth: smooth, folds: foldCount),
                replaces: classes.count > 1
            ) { results in
                for (index, held) in outside.enumerated() {
                    for row in rows where !held[row].isNaN { results[index][row] = held[row] }
                }
            }
        }
    }

    mutating func dateParts(_ chosen: [WorkingColumn], _ parts: [DatePart]) throws(TrainingError) {
        for column in chosen {
            guard column.kind == .date else {
                throw .preprocessing(
                    step: "date", column: column.name, reason: "it is \(described(column)), not a date")
            }
            try run(
                [column], parts.map { "\(column.name)_\($0.rawValue)" }, .dateParts(parts), .date(parts),
                replaces: true)
        }
    }

    private func requireText(_ column: WorkingColumn, _ step: String) throws(TrainingError) {
        guard column.kind == .text else {
            throw .preprocessing(
                step: step, column: column.name,
                reason: "it is \(described(column)), not a text; say so with --text or in the schema file")
        }
    }

    mutating func hash(_ chosen: [WorkingColumn], _ buckets: Int, _ isSigned: Bool) throws(TrainingError) {
        var rule = TextRule()
        rule.isSigned = isSigned
        for column in chosen {
            try requireText(column, "hash")
            try run(
                [column], (0..<buckets).map { "\(column.name)#\($0)" }, .hash(rule),
                .hash(buckets: buckets, isSigned: isSigned), replaces: true)
        }
    }

    mutating func termHash(
        _ chosen: [WorkingColumn], _ rule: TextRule, _ buckets: Int, _ norm: Norm?
    ) throws(TrainingError) {
        for column in chosen {
            try requireText(column, "text")
            try run(
                [column], (0..<buckets).map { "\(column.name)#\($0)" }, .textHash(rule, norm: norm),
                .termHash(rule, buckets: buckets, norm: norm), replaces: true)
        }
    }

    mutating func termWeights(
        _ chosen: [WorkingColumn], _ rule: TextRule, _ terms: TermRule
    ) throws(TrainingError) {
        for column in chosen {
            try requireText(column, "text")
            var texts: [String: Int] = [:]
            var occurrences: [String: Int] = [:]
            for row in rows {
                guard let text = column.texts[row] else { continue }
                var seen: Set<String> = []
                TextTerms.forEach(text.utf8Span.span, rule) { bytes in
                    let term = String(copying: bytes)
                    occurrences[term, default: 0] += 1
                    if seen.insert(term).inserted { texts[term, default: 0] += 1 }
                }
            }
            var kept = texts.keys.filter { texts[$0, default: 0] >= terms.textsMin }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            if kept.count > terms.termsMax {
                let order = kept.indices.sorted { left, right in
                    let (a, b) = (occurrences[kept[left], default: 0], occurrences[kept[right], default: 0])
                    return a == b ? left < right : a > b
                }
                kept = order.prefix(terms.termsMax).sorted().map { kept[$0] }
            }
            if kept.isEmpty {
                // A text without a term that recurs says nothing.
                columns.removeAll { $0.name == column.name }
                continue
            }
            let weights = kept.map { term in
                terms.isWeighted
                    ? log((1 + Double(rows.count)) / (1 + Double(texts[term, default: 0]))) + 1 : 1
            }
            try run(
                [column], kept.map { "\(column.name):\($0)" },
                .termWeights(rule, terms: kept, weights: weights, norm: terms.norm), .terms(rule, terms),
                replaces: true)
        }
    }
}
