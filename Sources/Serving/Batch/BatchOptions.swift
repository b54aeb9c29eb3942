// SPDX-License-Identifier: Apache-2.0
package import Tabular

/// What a run over the records of a file is to do; the page is `docs/reference/batch.md`.
package struct BatchOptions: Sendable, Equatable {
    package enum Format: String, Sendable, CaseIterable {
        case csv
        case jsonLines = "jsonl"

        package var mediaType: String { self == .csv ? "text/csv; charset=utf-8" : "application/jsonlines" }
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

    package init() { csv.limits.recordBytesMax = Self.recordBytesMax }

    /// 4 MiB: bounds the memory of a run, which holds whole records.
    package static let recordBytesMax = 1 << 22
}
