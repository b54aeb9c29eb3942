// SPDX-License-Identifier: Apache-2.0

/// The range that a leaf's value is held to, for monotone features; before the learning rate.
struct LeafBounds: Equatable {
    var lower = -Double.infinity
    var upper = Double.infinity
}

/// What value a leaf gets from its sums, and what that saves: the loss is G·w + ½·(H + l2)·w² + l1·|w|.
struct LeafRule: Equatable {
    var l1 = 0.0
    var l2 = 0.0
    /// The largest value; 0 for any.
    var stepMax = 0.0

    /// Whether a leaf's saving is G² / (H + l2).
    var isPlain: Bool { l1 == 0 && stepMax == 0 }

    /// The best value within the bounds.
    func weight(_ gradient: Double, _ hessian: Double, _ bounds: LeafBounds) -> Double {
        let divisor = hessian + l2
        guard divisor > 0 else { return min(max(0, bounds.lower), bounds.upper) }
        let cut = gradient > l1 ? gradient - l1 : gradient < -l1 ? gradient + l1 : 0
        var weight = -cut / divisor
        if stepMax > 0 { weight = min(max(weight, -stepMax), stepMax) }
        return min(max(weight, bounds.lower), bounds.upper)
    }

    /// Twice the loss that a leaf of value `weight` saves.
    func score(_ gradient: Double, _ hessian: Double, _ weight: Double) -> Double {
        -(2 * gradient * weight + (hessian + l2) * weight * weight + 2 * l1 * abs(weight))
    }
}

extension LeafRule {
    init(_ settings: BoostingSettings) {
        self.init(l1: settings.l1, l2: settings.l2, stepMax: settings.stepMax)
    }
}
