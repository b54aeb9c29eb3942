// SPDX-License-Identifier: Apache-2.0
package import Registry

/// What a request that is not answered at once asks of the workers.
package struct WorkDemand: Sendable, Equatable {
    /// What it is expected to take, in nanoseconds.
    package var cost: UInt64
    /// 1 goes first; 0 is the default, behind all others that have one.
    package var priority = 0
    /// The longest that it may wait, in nanoseconds; nil: as long as the queue lets it.
    package var timeout: UInt64?
    /// The version of a model that answers, where it is known.
    package var group: BatchGroup?
    /// It may be computed together with others of its group.
    package var joins = false
    /// What its model's policy says of that; nil: nothing.
    package var batching: DynamicBatching?
    /// What becomes of it when it would wait long; nil: what the queue does with all.
    package var policy: WorkQueuePolicy?
    /// Rows that it is thought to have.
    package var rows = 1

    /// The version that was chosen for it.
    package var model: ServedModel?

    package init(cost: UInt64) { self.cost = cost }

    package static func == (left: Self, right: Self) -> Bool {
        left.cost == right.cost && left.priority == right.priority && left.timeout == right.timeout
            && left.group == right.group && left.joins == right.joins && left.rows == right.rows
            && left.batching == right.batching && left.policy == right.policy
            && left.model?.group == right.model?.group
    }
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

    /// Whether rows of several requests are answered faster in one block: measured when the model was warmed
    /// up. Operator graphs take their rows one by one.
    package var gainsFromCompany: Bool {
        tensorInputs == nil && loaded.cost.nanosecondsForOne > loaded.cost.nanosecondsPerRow * 6 / 5
    }

    /// What a request for predictions of about `rows` rows asks of the workers.
    package func demand(cost: UInt64, rows: Int) -> WorkDemand {
        var demand = WorkDemand(cost: cost)
        demand.group = group
        demand.rows = rows
        // A block of the kernel is full by itself then.
        demand.joins = rows < 64 && gainsFromCompany
        if let policy = traffic?.entry.policy {
            demand.batching = policy.dynamicBatching
            demand.policy = policy.limits.queuePolicy.map { $0 == .wait ? .wait : .reject }
        }
        return demand
    }

    /// Whether this is the same version, loaded once.
    package func isSame(as other: ServedModel) -> Bool { loaded === other.loaded }
}
