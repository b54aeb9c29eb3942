// SPDX-License-Identifier: Apache-2.0

/// What a request that is not answered at once asks of the workers.
package struct WorkDemand: Sendable, Equatable {
    /// What it is expected to take, in nanoseconds.
    package var cost: UInt64
    /// 1 goes first; 0 is the default, behind all others that have one.
    package var priority = 0
    /// The longest that it may wait, in nanoseconds; nil: as long as the queue lets it.
    package var timeout: UInt64?
    /// Requests of one group may be computed together; nil: alone.
    package var group: BatchGroup?

    package init(cost: UInt64) { self.cost = cost }
}

/// The version of a model that a request is for, as a key. A key may come again for another version when the
/// first is gone, so whoever joins requests compares the models.
package struct BatchGroup: Hashable, Sendable {
    private let identity: ObjectIdentifier

    init(_ object: AnyObject) { identity = ObjectIdentifier(object) }
}

extension ServedModel {
    /// The key of this version.
    package var group: BatchGroup { BatchGroup(loaded) }

    /// Whether this is the same version, loaded once.
    package func isSame(as other: ServedModel) -> Bool { loaded === other.loaded }
}
