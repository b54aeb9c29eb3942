// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// What is measured beyond the metrics, and what must hold for the model to be published.
struct EvaluationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file to write the evaluation to, one HTML page with plots that needs nothing else.",
            valueName: "file"))
    var report: String?

    @Option(help: ArgumentHelp("A file to write the same evaluation to as JSON.", valueName: "file"))
    var reportJSON: String?

    @Option(
        help: ArgumentHelp(
            "Cross-validate the algorithm on so many folds of the rows that are not for the test.",
            valueName: "count"))
    var folds: Int?

    @Option(
        help: ArgumentHelp(
            "Publish only if this holds on the test rows, conditions joined by commas: METRIC, one of "
                + ">= <= > <, and a number, live, live+NUMBER or live-NUMBER; \"better\" is a loss of at "
                + "most the live one's.",
            valueName: "conditions"))
    var promoteIf: String?

    /// The long names of the options above.
    static let names: Set<String> = ["report", "report-json", "folds", "promote-if"]

    /// Whether anything asks for an evaluation.
    var isWanted: Bool { report != nil || reportJSON != nil || folds != nil || promoteIf != nil }

    func gate() throws(AppError) -> PromotionGate? {
        guard let promoteIf else { return nil }
        do { return try PromotionGate(promoteIf) } catch { throw AppError(error) }
    }
}
