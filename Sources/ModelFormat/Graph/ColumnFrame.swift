// SPDX-License-Identifier: Apache-2.0
public import Tabular

/// The columns of a row between two stages: their names in order, and what they hold.
///
/// Writer, reader, trainer and daemon all follow a model's columns by this one type, so that no name and no
/// kind is ever taken from a file's word alone.
public struct ColumnFrame: Sendable, Equatable {
    /// What a column holds.
    public enum Kind: Sendable, Equatable {
        case number
        /// Codes 0 ..< count, -1 for unseen.
        case coded(count: Int)
        case date
        case text

        var name: String {
            switch self {
            case .number: "a number"
            case .coded: "a category"
            case .date: "a date"
            case .text: "a text"
            }
        }
    }

    public struct Column: Sendable, Equatable {
        public var name: String
        public var kind: Kind

        public init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    public private(set) var columns: [Column]
    private var places: [String: Int] = [:]

    public init(_ schema: FeatureSchema) {
        columns = schema.features.map { feature in
            switch feature.kind {
            case .numeric: Column(name: feature.name, kind: .number)
            case .categorical(let categories):
                Column(name: feature.name, kind: .coded(count: categories.count))
            case .date: Column(name: feature.name, kind: .date)
            case .text: Column(name: feature.name, kind: .text)
            }
        }
        index()
    }

    private mutating func index() {
        places = Dictionary(
            columns.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The column's index; nil when there is none of this name.
    public func place(of name: String) -> Int? { places[name] }

    public subscript(name: String) -> Column? { places[name].map { columns[$0] } }

    /// Checks the stage against the columns that it reads, and goes on to those that it leaves.
    ///
    /// - Parameter part: what the stage is called in an error.
    public mutating func apply(_ stage: ColumnStage, part: String) throws(FormatError) {
        var kinds: [Kind] = []
        for name in stage.inputs {
            guard let column = self[name] else {
                throw .invalidValue(part: "\(part).inputs", reason: "there is no column \"\(name)\"")
            }
            kinds.append(column.kind)
        }
        let outputs = try stage.outputKinds(kinds, part: part)
        var seen: Set<String> = []
        for name in stage.outputs {
            if name.isEmpty {
                throw .invalidValue(part: "\(part).outputs", reason: "a column has no name")
            }
            if !seen.insert(name).inserted {
                throw .invalidValue(part: "\(part).outputs", reason: "two columns are named \"\(name)\"")
            }
        }
        if case .keep = stage.operation {
            columns = zip(stage.outputs, outputs).map { Column(name: $0, kind: $1) }
            return index()
        }
        for (name, kind) in zip(stage.outputs, outputs) {
            if let place = places[name] {
                columns[place].kind = kind
            } else {
                places[name] = columns.count
                columns.append(Column(name: name, kind: kind))
            }
        }
    }

    /// The columns as stages without names and estimators read them: for each the number of its categories,
    /// nil for a number.
    ///
    /// - Throws: `invalidValue` for a text, which is no number.
    public func estimatorColumns() throws(FormatError) -> [Int?] {
        var found: [Int?] = []
        for column in columns {
            switch column.kind {
            case .number, .date: found.append(nil)
            case .coded(let count): found.append(count)
            case .text:
                throw .invalidValue(
                    part: "stages", reason: "the text \"\(column.name)\" is left for the estimator")
            }
        }
        return found
    }
}
