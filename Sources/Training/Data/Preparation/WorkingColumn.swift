// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Preprocess
import Tabular

/// A column between two steps of the preprocessing: all rows of the table, as the stages carry them.
struct WorkingColumn {
    var name: String
    var kind: ColumnFrame.Kind
    /// Numbers, codes, seconds; empty for texts.
    var values: [Double] = []
    var texts: [String?] = []
    /// Of a coded column, in the order of the codes.
    var categories: [String] = []

    /// A column of the table as `feature` of the raw schema reads it.
    init(_ feature: Feature, _ table: Table) {
        name = feature.name
        switch (feature.kind, table[feature.name]) {
        case (.numeric, .numeric(let numbers)): (kind, values) = (.number, numbers)
        case (.date, .date(let seconds)): (kind, values) = (.date, seconds)
        case (.text, .text(let all)): (kind, texts) = (.text, all)
        case (.categorical(let categories), .categorical(let codes, let names)):
            kind = .coded(count: categories.count)
            self.categories = categories
            var places: [String: Double] = [:]
            for (place, category) in categories.enumerated() { places[category] = Double(place) }
            let map = names.map { places[$0] ?? FeatureKind.unseenCategory }
            values = codes.map { $0 == Column.missingCode ? .nan : map[Int($0)] }
        default: preconditionFailure("the schema was made from this table")
        }
    }

    init(name: String, kind: ColumnFrame.Kind, values: [Double], categories: [String] = []) {
        self.name = name
        self.kind = kind
        self.values = values
        self.categories = categories
    }

    var feature: Feature {
        switch kind {
        case .number: Feature(name: name, kind: .numeric)
        case .coded: Feature(name: name, kind: .categorical(categories: categories))
        case .date: Feature(name: name, kind: .date)
        case .text: Feature(name: name, kind: .text)
        }
    }

    func matches(_ selection: ColumnSelection) -> Bool {
        switch (selection, kind) {
        case (.all, _), (.numeric, .number), (.categorical, .coded), (.date, .date), (.text, .text): true
        case (.named(let names), _): names.contains(name)
        default: false
        }
    }

    /// The column as algorithms read it; dates as their seconds.
    var column: Column {
        switch kind {
        case .number, .date: return .numeric(values)
        case .text: return .text(texts)
        case .coded(let count):
            // Unseen codes need a name that the schema lacks.
            let codes = values.map { value in
                value.isNaN ? Column.missingCode : value < 0 ? Int32(count) : Int32(value)
            }
            return .categorical(codes: codes, categories: categories + ["(unseen)"])
        }
    }
}

extension ColumnStage {
    /// The stage's outputs for all rows, computed by the code that also runs in the daemon.
    func run(_ columns: [WorkingColumn], rowCount: Int) throws(PreprocessingError) -> [[Double]] {
        let schema = FeatureSchema(features: columns.map(\.feature))
        let keep = ColumnStage(inputs: outputs, outputs: outputs, operation: .keep)
        let plan = try PreprocessingPlan([.columns(self), .columns(keep)], schema: schema)
        var results = outputs.map { _ in [Double](repeating: 0, count: rowCount) }
        var raw = RowBlock()
        var prepared = RowBlock()
        var scratch = PreprocessingScratch()
        let blockRows = max(1, min(1_024, (1 << 20) / max(1, outputs.count)))
        var first = 0
        while first < rowCount {
            let count = min(blockRows, rowCount - first)
            raw.reset(columnCount: columns.count, numberType: .float64)
            raw.appendRows(count)
            for (place, column) in columns.enumerated() {
                for row in 0..<count {
                    if column.kind == .text {
                        if let text = column.texts[first + row] { raw.setText(text, row: row, column: place) }
                    } else {
                        raw.set(column.values[first + row], row: row, column: place)
                    }
                }
            }
            plan.run(raw, into: &prepared, as: .float64, scratch: &scratch)
            for output in outputs.indices {
                for row in 0..<count {
                    results[output][first + row] = prepared.value(row: row, column: output)
                }
            }
            first += count
        }
        return results
    }
}
