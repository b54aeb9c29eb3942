// SPDX-License-Identifier: Apache-2.0
import Tabular

extension TableSchema {
    /// Categories up to this many are listed as the allowed values of a column.
    private static let listedValuesMax = 100

    /// What a table looks like now: the file of a first run.
    package init(describing table: Table) {
        columns = zip(table.names, table.columns).map { name, column in
            var rule = ColumnRule(name: name, type: .number)
            if column.missingCount == 0 { rule.presence = 1 }
            switch column {
            case .numeric: break
            case .date: rule.type = .date
            case .text: rule.type = .text
            case .categorical(_, let categories):
                rule.type = .category
                if !categories.isEmpty, categories.allSatisfy({ Self.booleans.prefix(6).contains($0) }) {
                    rule.type = .boolean
                } else if categories.count <= Self.listedValuesMax {
                    rule.values = categories
                }
            }
            return rule
        }
    }

    /// For each column a few words on what was seen, for people who set limits.
    package static func remarks(on table: Table) -> [String: String] {
        var remarks: [String: String] = [:]
        for (name, column) in zip(table.names, table.columns) {
            var words: [String] = []
            switch column {
            case .numeric(let values):
                let present = values.filter { !$0.isNaN }
                if let low = present.min(), let high = present.max() { words.append("\(low) to \(high)") }
            case .date(let values):
                let present = values.filter { !$0.isNaN }
                if let low = present.min(), let high = present.max() {
                    words.append("\(DateText.format(low)) to \(DateText.format(high))")
                }
            case .categorical(_, let categories): words.append("\(categories.count) categories")
            case .text: break
            }
            if column.missingCount > 0 { words.append("\(column.missingCount) missing") }
            if !words.isEmpty { remarks[name] = words.joined(separator: ", ") }
        }
        return remarks
    }

    /// What only a whole table shows: columns that are not there, too few values, values twice.
    func check(_ table: Table, names: [String], rowCount: Int) -> [SchemaAnomaly] {
        var anomalies: [SchemaAnomaly] = []
        for rule in columns where rule.type != .ignored {
            guard names.contains(rule.name) else {
                anomalies.append(
                    SchemaAnomaly(
                        column: rule.name, kind: .missingColumn, expected: "type \(rule.type.rawValue)",
                        found: ""))
                continue
            }
            guard let column = table[rule.name] else { continue }
            let present = rowCount - column.missingCount
            if let presence = rule.presence, Double(present) < presence * Double(rowCount) {
                anomalies.append(
                    SchemaAnomaly(
                        column: rule.name, kind: .tooFewValues, expected: "presence \(presence)",
                        found: "\(present) of \(rowCount) rows have a value"))
            }
            if rule.isUnique, let repeated = column.firstRepeated {
                anomalies.append(
                    SchemaAnomaly(
                        column: rule.name, kind: .repeatedValue, expected: "unique true",
                        found: "\(repeated) occurs twice"))
            }
        }
        return anomalies
    }
}

extension Column {
    /// The first value that was there before; missing ones do not count.
    fileprivate var firstRepeated: String? {
        switch self {
        case .numeric(let values), .date(let values):
            var seen: Set<Double> = []
            return values.first { !$0.isNaN && !seen.insert($0).inserted }.map { "\($0)" }
        case .categorical(let codes, let categories):
            var seen: Set<Int32> = []
            return codes.first { $0 != Column.missingCode && !seen.insert($0).inserted }
                .map { "\"\(categories[Int($0)])\"" }
        case .text(let texts):
            var seen: Set<String> = []
            return texts.first { $0 != nil && !seen.insert($0 ?? "").inserted }.flatMap { $0 }
        }
    }
}
