// SPDX-License-Identifier: Apache-2.0

/// Options of `train` that say more about another one. Without it they would change nothing, which nobody
/// wants who gives them: they are refused.
enum CompanionOptions {
    /// `value` is what the other one has to be; nil: anything.
    private static let needs: [(option: String, other: String, value: String?)] = [
        ("goss-other", "goss-top", nil), ("dart-rate", "dart", nil), ("quantile", "loss", "quantile"),
        ("huber-delta", "loss", "huber"), ("tweedie-power", "loss", "tweedie"),
        ("checkpoint-every", "checkpoint", nil), ("interval-method", "interval", nil),
    ]
    /// Two ways to draw the rows of a round.
    private static let rivals = ("bagging", "goss-top")

    /// - Throws: `AppError` with the first option that nothing comes of.
    static func check(_ given: GivenArguments) throws(AppError) {
        for need in needs where given.has(need.option) {
            let isMet = need.value.map { given.value(of: need.other) == $0 } ?? given.has(need.other)
            if isMet { continue }
            let other = "--" + ([need.other] + [need.value].compactMap { $0 }).joined(separator: " ")
            throw AppError(.usage, "--\(need.option) goes with \(other); leave it out, or give both")
        }
        if given.has(rivals.0) && given.has(rivals.1) {
            throw AppError(
                .usage, "--\(rivals.0) and --\(rivals.1) exclude each other; leave one of them out")
        }
    }

    /// What a search must not vary beside the options `given`, by the names of its settings.
    static func fixed(_ given: GivenArguments) -> Set<String> {
        let names = given.options.map(\.name) + (given.has(rivals.1) ? [rivals.0] : [])
        return Set(names.map { $0.replacing("-", with: "_") })
    }
}
