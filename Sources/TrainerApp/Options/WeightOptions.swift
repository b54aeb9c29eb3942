// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// How much rows count.
struct WeightOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A column of numbers from 0 on: how much each row counts, in what is learned and in metrics; "
                + "it is not learned from.", valueName: "column"))
    var weightColumn: String?

    @Option(
        help: ArgumentHelp(
            "How much the rows of a class count in what is learned: LABEL=NUMBER, several times, or "
                + "balanced: all classes the same.", valueName: "weight"))
    var classWeight: [String] = []

    func validate() throws {
        guard !classWeight.contains("balanced") || classWeight.count == 1 else {
            throw ValidationError("--class-weight is balanced, or LABEL=NUMBER several times.")
        }
        for text in classWeight where text != "balanced" {
            guard let (_, weight) = WeightOptions.pair(text), weight >= 0, weight.isFinite else {
                throw ValidationError("--class-weight \"\(text)\" is no LABEL=NUMBER, the number from 0 on.")
            }
        }
    }

    var classWeights: ClassWeights? {
        if classWeight.isEmpty { return nil }
        if classWeight == ["balanced"] { return .balanced }
        return .given(
            Dictionary(classWeight.compactMap(WeightOptions.pair), uniquingKeysWith: { _, last in last }))
    }

    /// A label may have "=" in it, a number not.
    private static func pair(_ text: String) -> (String, Double)? {
        guard let place = text.lastIndex(of: "="), let weight = Double(text[text.index(after: place)...])
        else { return nil }
        return (String(text[..<place]), weight)
    }
}
