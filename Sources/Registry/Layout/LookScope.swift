// SPDX-License-Identifier: Apache-2.0

/// What a look looks at.
struct LookScope: Sendable {
    /// Every model.
    var isWhole = false
    /// Also what nobody tells of: whether the registry's directory has changed, models behind links or on
    /// file systems that do not tell, and whatever waits to be at rest.
    var isPoll = false
    /// Models that have changed, or that cannot be watched; "" is the registry's own directory.
    var owners: Set<String> = []

    static let whole = LookScope(isWhole: true, isPoll: true)

    /// The owner of the registry's own directory.
    static let registry = ""
}
