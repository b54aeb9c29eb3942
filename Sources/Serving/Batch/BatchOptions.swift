// SPDX-License-Identifier: Apache-2.0
package import Tabular

/// What a run over the records of a file is to do; the page is `docs/reference/batch.md`.
package struct BatchOptions: Sendable, Equatable {
    package enum Format: String, Sendable, CaseIterable {
        case csv
        case jsonLines = "jsonl"
        /// Bare little-endian numbers, a record behind the other.
        case fp32
        case fp64
        /// Answers only: JSON Lines as Vertex AI's batch predictions have them.
        case vertex

        /// Those that records can have.
        package static let inputs: [Format] = [.csv, .jsonLines, .fp32, .fp64]

        package var isBinary: Bool { self == .fp32 || self == .fp64 }
        package var isText: Bool { !isBinary }

        /// Of the numbers; nil for text.
        package var numberType: NumberType? {
            switch self {
            case .csv, .jsonLines, .vertex: nil
            case .fp32: .float32
            case .fp64: .float64
            }
        }
    }

    package var input = Format.csv
    package var output = Format.csv
    /// How CSV is read; answers have the same delimiter.
    package var csv = CSVOptions()
    /// The first line of CSV names the columns; else they are the model's features in their order.
    package var hasHeader = true
    /// The outputs to write, by name; empty: `predictions`, or all of an operator graph.
    package var outputs: [String] = []
    /// Columns or members that are copied from each record to its answer, in front of the outputs.
    package var kept: [String] = []
    /// The first bad record ends the run; else it is answered with an error record.
    package var stopsAtBadRecord = false
    /// Answers are sent before all records are read, so that even a run that stops may have to say why in
    /// them.
    package var isStreamed = false
    /// What Vertex AI's form does with a record's fields.
    package var vertex = VertexFields()

    /// Lines of CSV have a column for errors.
    package var hasErrorColumn: Bool { !stopsAtBadRecord || isStreamed }

    package init() { csv.limits.recordBytesMax = Self.recordBytesMax }

    /// 4 MiB: bounds the memory of a run, which holds whole records.
    package static let recordBytesMax = 1 << 22
}
