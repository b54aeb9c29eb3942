// SPDX-License-Identifier: Apache-2.0

/// How the rows of a file are written.
package enum DataFormat: String, Sendable, CaseIterable {
    case csv
    case jsonLines = "jsonl"
    /// Read by DuckDB's command-line tool.
    case parquet

    /// The format that a file's name says, `.gz` at its end aside; CSV when it says nothing.
    package init(name: String) {
        if name.hasSuffix(".parquet") {
            self = .parquet
            return
        }
        let name = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        self = [".jsonl", ".ndjson", ".json"].contains(where: name.hasSuffix) ? .jsonLines : .csv
    }
}
