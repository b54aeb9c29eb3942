// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

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

    /// Nil when it cannot be one.
    var delimiterByte: UInt8? {
        if delimiter == "tab" { return 0x09 }
        guard delimiter.utf8.count == 1, let byte = delimiter.utf8.first else { return nil }
        return byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") || byte == 0x09 ? byte : nil
    }

    func validate() throws {
        guard delimiterByte != nil else {
            throw ValidationError("--delimiter must be one ASCII character other than a quote, or \"tab\".")
        }
        guard maxCategories >= 1 else { throw ValidationError("--max-categories must be 1 or more.") }
    }
}
