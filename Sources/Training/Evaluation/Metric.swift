// SPDX-License-Identifier: Apache-2.0

/// A measured quality, by the name that scikit-learn gives it.
package struct Metric: Sendable, Equatable {
    package var name: String
    package var value: Double

    package init(_ name: String, _ value: Double) {
        self.name = name
        self.value = value
    }

    /// Whether a larger value is better; errors, losses and deviances are better small.
    package var isBetterLarge: Bool {
        !Metric.betterSmall.contains { name == $0 || name.hasPrefix($0 + "_") || name.hasSuffix("_" + $0) }
    }

    private static let betterSmall = [
        "log_loss", "brier", "mse", "rmse", "mae", "median_ae", "mape", "msle", "pinball", "deviance",
        "tweedie", "max_error", "inertia", "calibration_error",
    ]
}
