// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Ingest

/// How the data is read.
struct TableOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A column to leave out; may be given several times.", valueName: "column"))
    var ignore: [String] = []

    @Option(
        help: ArgumentHelp(
            "A column of numbers that are names; may be given several times.", valueName: "column"))
    var categorical: [String] = []

    @Option(help: ArgumentHelp("Most categories that a column may have.", valueName: "count"))
    var maxCategories = 1_000

    @Option(
        help: ArgumentHelp(
            "The character between two fields; \"tab\" for a tabulator.", valueName: "character"))
    var delimiter = ","

    @Option(
        help: ArgumentHelp(
            "A cell that stands for a missing value, besides the empty one; may be given several times. "
                + "Replaces NA, NaN and null.", valueName: "text"))
    var missing: [String] = []

    @Option(
        help: ArgumentHelp(
            "A file with the steps of the preprocessing, YAML; they are fitted to the training rows and "
                + "become part of the model.", valueName: "file"))
    var preprocess: String?

    @Option(help: "How the files are written; by their names, when it is not said.")
    var format: DataFormat?

    @Option(
        help: ArgumentHelp(
            "SQL whose answer is the data, run by DuckDB's command-line tool.", valueName: "statement"))
    var query: String?

    @Option(help: ArgumentHelp("A column of free text; may be given several times.", valueName: "column"))
    var text: [String] = []

    @Option(
        help: ArgumentHelp(
            "The schema file: written when it is not there, else what the data must be like.",
            valueName: "file"))
    var schema: String?

    @Option(
        help: ArgumentHelp(
            "Bad rows are left out and written to this file, an object with the reason on a line.",
            valueName: "file"))
    var quarantine: String?

    @Option(
        help: ArgumentHelp(
            "With --quarantine: the most bad rows, as a part of all. (default: 0.05)", valueName: "part"))
    var maxBadRows: Double?

    /// Nil when it cannot be one.
    var delimiterByte: UInt8? {
        if delimiter == "tab" { return 0x09 }
        guard delimiter.utf8.count == 1, let byte = delimiter.utf8.first else { return nil }
        return byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") || byte == 0x09 ? byte : nil
    }

    func validate(_ data: [String]) throws {
        guard data.isEmpty != (query == nil) else {
            throw ValidationError("Name the data's files, or a --query, one of the two.")
        }
        guard delimiterByte != nil else {
            throw ValidationError("--delimiter must be one ASCII character other than a quote, or \"tab\".")
        }
        guard maxBadRows == nil || quarantine != nil else {
            throw ValidationError("--max-bad-rows goes with --quarantine.")
        }
        guard 0...1 ~= (maxBadRows ?? 0) else { throw ValidationError("--max-bad-rows must be from 0 to 1.") }
        guard maxCategories >= 1 else { throw ValidationError("--max-categories must be 1 or more.") }
    }
}

extension DataFormat: ExpressibleByArgument {}
