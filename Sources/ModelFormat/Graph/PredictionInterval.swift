// SPDX-License-Identifier: Apache-2.0

/// Between which bounds the truth lies with a known probability, on rows like those that `radius` was fitted
/// to (split conformal prediction).
public struct PredictionInterval: Sendable, Equatable {
    /// The probability, above 0 and below 1.
    public var level: Double
    /// What is added to the upper bound and taken from the lower one, in units of the target.
    public var radius: Double
    public var kind: Kind

    /// What the interval lies around.
    public enum Kind: String, Sendable, CaseIterable {
        /// Around the prediction.
        case residual
        /// Around a pair of quantiles: of the estimator's three margins the first is the prediction, the
        /// second the lower and the third the upper one. The radius may be below 0.
        case quantiles
    }

    public init(level: Double, radius: Double, kind: Kind) {
        self.level = level
        self.radius = radius
        self.kind = kind
    }

    func validate(_ output: OutputDescription, outputCount: Int) throws(FormatError) {
        func refuse(_ reason: String) -> FormatError {
            .invalidValue(part: "output.interval", reason: reason)
        }
        guard level > 0, level < 1 else { throw refuse("the level must be above 0 and below 1") }
        guard radius.isFinite, radius >= 0 || kind == .quantiles else {
            throw refuse("the radius must be finite, and not negative around a prediction")
        }
        guard output.labels == nil else { throw refuse("only a regressor has one") }
        switch kind {
        case .residual:
            guard outputCount == 1 else { throw refuse("\(outputCount) outputs have no one interval") }
        case .quantiles:
            guard outputCount == 3, output.transform == .identity, output.divisor == 1, output.slope == 1
            else {
                throw refuse("a pair of quantiles wants three outputs that are not transformed")
            }
        }
    }
}
