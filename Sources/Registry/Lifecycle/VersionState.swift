// SPDX-License-Identifier: Apache-2.0

/// Where a version stands between being seen and being gone: docs/reference/model-store.md, "States".
package enum VersionState: Sendable, Equatable {
    /// Its files are not at rest yet, or others are loaded first.
    case found
    /// Its files are read and compared with what they should be.
    case verifying
    /// It is parsed and compiled.
    case loading
    /// It is asked for its golden samples and warmed up.
    case warming
    case ready
    /// Takes no new requests; old ones finish.
    case draining
    /// The policy does not want it in memory, or nobody has asked for it.
    case unloaded
    indirect case refused(Refusal)

    /// The name that stands in the API, the log and metrics.
    package var name: String { Self.names[index] }

    /// Its place in `names`.
    var index: Int {
        switch self {
        case .found: 0
        case .verifying: 1
        case .loading: 2
        case .warming: 3
        case .ready: 4
        case .draining: 5
        case .unloaded: 6
        case .refused: 7
        }
    }

    static let names = [
        "found", "verifying", "loading", "warming", "ready", "draining", "unloaded", "refused",
    ]

    /// Somebody is at work on it.
    var isBusy: Bool {
        switch self {
        case .verifying, .loading, .warming: true
        case .found, .ready, .draining, .unloaded, .refused: false
        }
    }
}

/// Why a version cannot be served.
package struct Refusal: Sendable, Equatable {
    /// Stable; see the errors' codes.
    package var code: String
    package var reason: String
}

/// What happens to a version.
enum VersionEvent: Sendable, Equatable {
    /// Its turn has come.
    case begin
    /// Its files are what they should be.
    case verified
    /// It is parsed and compiled.
    case compiled
    /// It has reproduced its golden samples and is warm.
    case warmed
    case failed(Refusal)
    /// Its files changed, or a policy or time gives it another chance.
    case tryAgain
    /// The policy does not want it any more, its place is needed, or its directory is gone.
    case retire
    /// The last request that used it is answered.
    case released
}

extension VersionState {
    /// The state after `event`; nil when the event cannot happen in this state.
    func after(_ event: VersionEvent) -> VersionState? {
        switch (self, event) {
        case (.found, .begin): .verifying
        case (.verifying, .verified): .loading
        case (.loading, .compiled): .warming
        case (.warming, .warmed): .ready
        case (.verifying, .failed(let refusal)), (.loading, .failed(let refusal)),
            (.warming, .failed(let refusal)):
            .refused(refusal)
        case (.ready, .retire): .draining
        case (.draining, .released): .unloaded
        case (.found, .retire), (.refused, .retire): .unloaded
        case (.found, .tryAgain), (.ready, .tryAgain), (.unloaded, .tryAgain), (.refused, .tryAgain),
            (.verifying, .tryAgain), (.loading, .tryAgain), (.warming, .tryAgain), (.draining, .tryAgain):
            .found
        default: nil
        }
    }
}
