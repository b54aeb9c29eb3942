// SPDX-License-Identifier: Apache-2.0

/// What each column of a file is for: which feature it holds, and whether its cells are handed on.
///
/// Made once a file, from its header; immutable.
package final class ColumnPlan: Sendable {
    /// A stretch of columns that are read alike.
    enum Segment: Sendable {
        /// Numeric features in their order, beginning with `feature`.
        case numbers(columns: Range<Int>, feature: Int)
        /// Columns that nobody needs.
        case skipped(columns: Range<Int>)
        /// A category, or a column that is handed on.
        case single(column: Int)
    }

    package let index: SchemaIndex
    package let inputType: NumberType
    /// The names of the file's columns.
    package let names: [String]
    /// The columns whose cells are handed on, in this order.
    package let keptColumns: [Int]
    let segments: [Segment]
    /// The feature in each column; nil for a column that the model does not read.
    let features: [Int?]
    /// The place of each column among the kept.
    let keptPlaces: [Int?]
    /// Columns read and not needed.
    package let unusedNames: [String]

    /// - Parameters:
    ///   - names: of the file's columns, all different.
    ///   - kept: names of the columns to hand on.
    /// - Throws: what is missing.
    package init(
        names: [String], index: SchemaIndex, inputType: NumberType, kept: [String]
    ) throws(ColumnPlanError) {
        self.names = names
        self.index = index
        self.inputType = inputType
        let columns = Dictionary(
            names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let missing = index.schema.features.map(\.name).filter { columns[$0] == nil }
        guard missing.isEmpty else { throw .missingFeatures(missing, given: names) }
        let unknown = kept.filter { columns[$0] == nil }
        guard unknown.isEmpty else { throw .unknownColumns(unknown, given: names) }
        keptColumns = kept.compactMap { columns[$0] }
        var keptPlaces = [Int?](repeating: nil, count: names.count)
        for (place, column) in keptColumns.enumerated() { keptPlaces[column] = place }
        self.keptPlaces = keptPlaces
        let features = names.map { index.column(named: $0) }
        self.features = features
        unusedNames = names.indices.filter { features[$0] == nil && keptPlaces[$0] == nil }.map { names[$0] }
        segments = Self.segments(features, keptPlaces, index.schema)
    }

    private static func segments(
        _ features: [Int?], _ keptPlaces: [Int?], _ schema: FeatureSchema
    ) -> [Segment] {
        var segments: [Segment] = []
        for (column, feature) in features.enumerated() {
            if keptPlaces[column] != nil {
                segments.append(.single(column: column))
            } else if let feature {
                guard schema.features[feature].kind == .numeric else {
                    segments.append(.single(column: column))
                    continue
                }
                if case .numbers(let columns, let first)? = segments.last, first + columns.count == feature {
                    segments[segments.count - 1] = .numbers(
                        columns: columns.lowerBound..<column + 1, feature: first)
                } else {
                    segments.append(.numbers(columns: column..<column + 1, feature: feature))
                }
            } else if case .skipped(let columns)? = segments.last {
                segments[segments.count - 1] = .skipped(columns: columns.lowerBound..<column + 1)
            } else {
                segments.append(.skipped(columns: column..<column + 1))
            }
        }
        return segments
    }
}

/// Why a file's columns do not fit a model.
package enum ColumnPlanError: Error, Equatable, Sendable, CustomStringConvertible {
    case missingFeatures([String], given: [String])
    /// Columns that are to be handed on, and are not there.
    case unknownColumns([String], given: [String])

    /// A stable name for programs.
    package var code: String {
        switch self {
        case .missingFeatures: "missing_features"
        case .unknownColumns: "unknown_columns"
        }
    }

    package var description: String {
        switch self {
        case .missingFeatures(let names, let given):
            "the features \(Self.listed(names)) are missing; the columns are \(Self.listed(given))"
        case .unknownColumns(let names, let given):
            "there is no column \(Self.listed(names)) to hand on; the columns are \(Self.listed(given))"
        }
    }

    private static func listed(_ names: [String]) -> String {
        names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            + (names.count > 8 ? ", … (\(names.count) in all)" : "")
    }
}
