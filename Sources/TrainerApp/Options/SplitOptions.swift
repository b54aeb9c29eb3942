// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// Which rows are for what.
struct SplitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A column that says train, test or validation for each row.", valueName: "column"))
    var splitColumn: String?

    @Option(
        help: ArgumentHelp(
            "A column whose rows with the same value stay together, in one part; it is not learned from.",
            valueName: "column"))
    var groupColumn: String?

    @Option(
        help: ArgumentHelp(
            "A column of dates or numbers: the latest rows are measured on, those before validate; it is not "
                + "learned from.", valueName: "column"))
    var timeColumn: String?

    @Option(
        help: ArgumentHelp(
            "Part of the rows to measure on, drawn by chance. (default: 0.25)", valueName: "part"))
    var testFraction: Double?

    @Option(
        help: ArgumentHelp(
            "Part of the rows that end the growing of trees when it no longer helps. (default: 0)",
            valueName: "part"))
    var validationFraction: Double?

    @Option(
        help: ArgumentHelp(
            "What chance starts from; the same seed gives the same model.", valueName: "number"))
    var seed: UInt64 = 7

    func validate() throws {
        if splitColumn != nil && (testFraction != nil || validationFraction != nil) {
            throw ValidationError(
                "--split-column says which rows are which; --test-fraction and --validation-fraction do "
                    + "not go with it.")
        }
        if columns.count > 1 {
            throw ValidationError("--split-column, --group-column and --time-column exclude each other.")
        }
    }

    var rule: Split.Rule {
        if let splitColumn { return .column(splitColumn) }
        let (test, validation) = (testFraction ?? 0.25, validationFraction ?? 0)
        if let groupColumn {
            return .groups(groupColumn, testFraction: test, validationFraction: validation, seed: seed)
        }
        if let timeColumn {
            return .time(timeColumn, testFraction: test, validationFraction: validation)
        }
        return .random(testFraction: test, validationFraction: validation, seed: seed)
    }

    /// Columns that say which row is which, and are not learned from.
    var columns: [String] { [splitColumn, groupColumn, timeColumn].compactMap { $0 } }

    /// The rule in a few words.
    var description: String {
        if let splitColumn { return "column \(splitColumn)" }
        if let groupColumn { return "groups of \(groupColumn), seed \(seed)" }
        if let timeColumn { return "time in \(timeColumn)" }
        return "seed \(seed)"
    }
}
