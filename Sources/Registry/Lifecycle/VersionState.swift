// SPDX-License-Identifier: Apache-2.0

/// Where a version stands between being seen and being gone: docs/reference/model-store.md, "States".
package enum VersionState: Sendable, Equatable {
    /// Its files are not at rest yet, or others are loaded first.
    case found
    case loading
    case verifying
    case ready
    /// Takes no new requests; old ones finish.
    case unloading
    /// Older than the versions that are kept.
    case unloaded
    case refused(Refusal)

    /// The name that stands in the API, the log and metrics.
    package var name: String {
        switch self {
        case .found: "found"
        case .loading: "loading"
        case .verifying: "verifying"
        case .ready: "ready"
        case .unloading: "unloading"
        case .unloaded: "unloaded"
        case .refused: "refused"
        }
    }

    static let names = ["found", "loading", "verifying", "ready", "unloading", "unloaded", "refused"]
}

/// Why a version cannot be served.
package struct Refusal: Sendable, Equatable {
    /// Stable; see the errors' codes.
    package var code: String
    package var reason: String
}

/// What happens to a version.
enum VersionEvent: Sendable, Equatable {
    case load
    case parsed
    case verified
    case failed(Refusal)
    /// Its files changed, or a policy or time gives it another chance.
    case tryAgain
    /// Enough newer versions are ready, or its directory is gone.
    case retire
    /// The last request that used it is answered.
    case released
}

extension VersionState {
    /// The state after `event`; nil when the event cannot happen in this state.
    func after(_ event: VersionEvent) -> VersionState? {
        switch (self, event) {
        case (.found, .load): .loading
        case (.loading, .parsed): .verifying
        case (.verifying, .verified): .ready
        case (.loading, .failed(let refusal)), (.verifying, .failed(let refusal)): .refused(refusal)
        case (.ready, .retire): .unloading
        case (.unloading, .released): .unloaded
        case (.found, .retire): .unloaded
        case (.found, .tryAgain), (.ready, .tryAgain), (.unloaded, .tryAgain), (.refused, .tryAgain),
            (.loading, .tryAgain), (.verifying, .tryAgain), (.unloading, .tryAgain):
            .found
        default: nil
        }
    }
}
