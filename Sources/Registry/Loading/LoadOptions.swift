// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// What a model's policy says about the loading of its versions.
struct LoadOptions: Sendable, Equatable {
    var warmUp: ModelPolicy.WarmUp?
    /// Trees after the best iteration are left out.
    var usesBestIteration = false
    /// Bytes; a version that takes more is refused.
    var memoryMax: Int?

    init() {}

    init(_ policy: ModelPolicy) {
        warmUp = policy.warmUp
        usesBestIteration = policy.usesBestIteration
        memoryMax = policy.limits.memory
    }

    /// Whether what was loaded or refused by these would come out otherwise by `other`. More warming up is
    /// nothing to load a version again for.
    func decideOtherwise(than other: LoadOptions) -> Bool {
        usesBestIteration != other.usesBestIteration || memoryMax != other.memoryMax
    }
}
