// SPDX-License-Identifier: Apache-2.0
internal import Registry

/// What is known of one version of a model, ready or not.
package struct VersionStatus: Sendable, Equatable {
    /// How far it is, as docs/reference/model-store.md says.
    package enum State: Sendable, CaseIterable {
        case found, verifying, loading, warming, ready, draining, unloaded, refused
    }

    package var model: String
    package var version: String
    package var state: State
    /// Why it is refused; for a ready one, why its changed files are; nil otherwise.
    package var reason: String?

    init(_ report: VersionReport) {
        model = report.model
        version = report.version.description
        reason = report.reason
        state =
            switch report.state {
            case .found: .found
            case .verifying: .verifying
            case .loading: .loading
            case .warming: .warming
            case .ready: .ready
            case .draining: .draining
            case .unloaded: .unloaded
            case .refused: .refused
            }
    }
}
