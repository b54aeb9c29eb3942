// SPDX-License-Identifier: Apache-2.0

/// Settings of an algorithm that know what they may be.
package protocol CheckedSettings {
    /// - Throws: `TrainingError.setting` for the first that may not be, by the name of the option that gives
    ///   it.
    func validate() throws(TrainingError)
}

extension CheckedSettings {
    func require(
        _ isAllowed: Bool, _ option: String, _ value: String, _ allowed: String
    ) throws(TrainingError) {
        if !isAllowed { throw .setting(name: option, value: value, allowed: allowed) }
    }

    func requirePart(_ value: Double, _ option: String) throws(TrainingError) {
        try require(value > 0 && value <= 1, option, "\(value)", "above 0, at most 1")
    }

    func requireNotNegative(_ value: Double, _ option: String) throws(TrainingError) {
        try require(value >= 0 && value.isFinite, option, "\(value)", "0 or more")
    }
}
