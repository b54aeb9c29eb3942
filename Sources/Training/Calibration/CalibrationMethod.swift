// SPDX-License-Identifier: Apache-2.0

/// How margins of a classifier are made probabilities that can be taken at their word; always fitted to rows
/// that the model which gave the margins had not seen.
package enum CalibrationMethod: String, Sendable, CaseIterable {
    /// 1/(1 + exp(−(slope·margin + offset))), two classes (Platt 1999).
    case platt
    /// Any curve that never falls, two classes (Zadrozny and Elkan 2002).
    case isotonic
    /// All margins divided by one number, any number of classes (Guo et al. 2017).
    case temperature
}
