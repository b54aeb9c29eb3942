// SPDX-License-Identifier: Apache-2.0

/// Named columns of equal length.
package struct Table: Sendable, Equatable {
    package let names: [String]
    package let columns: [Column]
    package let rowCount: Int

    /// - Precondition: one name a column, and all columns of one length.
    package init(names: [String], columns: [Column]) {
        precondition(names.count == columns.count, "a table needs one name a column")
        rowCount = columns.first?.count ?? 0
        for column in columns {
            precondition(column.count == rowCount, "the columns of a table must have one length")
        }
        self.names = names
        self.columns = columns
    }

    package subscript(name: String) -> Column? {
        names.firstIndex(of: name).map { columns[$0] }
    }

    /// The named columns as features; nil for a name that the table lacks. Categories are those that occur in
    /// `rows`: what a model has not been trained on is unseen to it.
    package func schema(of features: [String], rows: [Int]) -> FeatureSchema? {
        var found: [Feature] = []
        for name in features {
            guard let column = self[name] else { return nil }
            switch column {
            case .numeric: found.append(Feature(name: name, kind: .numeric))
            case .date: found.append(Feature(name: name, kind: .date))
            case .text: found.append(Feature(name: name, kind: .text))
            case .categorical(let codes, let categories):
                var occurs = [Bool](repeating: false, count: categories.count)
                for row in rows where codes[row] != Column.missingCode { occurs[Int(codes[row])] = true }
                let present = categories.indices.filter { occurs[$0] }.map { categories[$0] }
                found.append(Feature(name: name, kind: .categorical(categories: present)))
            }
        }
        return FeatureSchema(features: found)
    }

    /// Fills `block` with the given rows as a model with this schema reads them: numbers, category indices,
    /// NaN for missing, `FeatureKind.unseenCategory` for a category that the schema lacks.
    ///
    /// - Precondition: every feature of the schema is a column of the table, of its kind.
    package func fill(
        _ block: inout RowBlock, rows: ArraySlice<Int>, schema: FeatureSchema, as type: NumberType
    ) {
        block.reset(columnCount: schema.count, numberType: type)
        block.appendRows(rows.count)
        for (index, feature) in schema.features.enumerated() {
            switch (self[feature.name], feature.kind) {
            case (.numeric(let values), .numeric), (.date(let values), .date):
                for (position, row) in rows.enumerated() {
                    block.set(values[row], row: position, column: index)
                }
            case (.categorical(let codes, let own), .categorical(let categories)):
                let map = Table.codes(of: own, in: categories)
                for (position, row) in rows.enumerated() where codes[row] != Column.missingCode {
                    block.set(map[Int(codes[row])], row: position, column: index)
                }
            case (.text(let texts), .text):
                for (position, row) in rows.enumerated() {
                    if let text = texts[row] { block.setText(text, row: position, column: index) }
                }
            default: preconditionFailure("feature \(feature.name) is not a column of its kind")
            }
        }
    }

    private static func codes(of names: [String], in categories: [String]) -> [Double] {
        var indices: [String: Double] = [:]
        for (index, category) in categories.enumerated() { indices[category] = Double(index) }
        return names.map { indices[$0] ?? FeatureKind.unseenCategory }
    }
}
