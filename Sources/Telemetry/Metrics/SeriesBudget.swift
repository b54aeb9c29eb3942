// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Which label values may stand for models, and how many time series may still be made for more of them.
///
/// A version that is loaded again while the last readers of its former self finish shares its series with it;
/// the last owner removes them. State: behind one lock, held while series are made or removed.
final class SeriesBudget: Sendable {
    private struct State {
        var left: Int
        var owners: [[String]: Int] = [:]
    }

    private let state: Mutex<State>

    init(limit: Int) { state = Mutex(State(left: limit)) }

    /// Runs `make` with `labels` when they are owned already or `count` series are left, otherwise with nil.
    func acquire<Made>(_ labels: [String], count: Int, make: ([String]?) -> Made) -> Made {
        state.withLock { state in
            if let owners = state.owners[labels] {
                state.owners[labels] = owners + 1
                return make(labels)
            }
            guard state.left >= count else { return make(nil) }
            state.left -= count
            state.owners[labels] = 1
            return make(labels)
        }
    }

    /// Runs `remove` when this was the last owner of `labels`.
    func release(_ labels: [String], count: Int, remove: () -> Void) {
        state.withLock { state in
            guard let owners = state.owners[labels] else { return }
            if owners > 1 {
                state.owners[labels] = owners - 1
            } else {
                state.owners[labels] = nil
                state.left += count
                remove()
            }
        }
    }
}
