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
    }

    var rule: Split.Rule {
        if let splitColumn { return .column(splitColumn) }
        return .random(
            testFraction: testFraction ?? 0.25, validationFraction: validationFraction ?? 0, seed: seed)
    }
}
