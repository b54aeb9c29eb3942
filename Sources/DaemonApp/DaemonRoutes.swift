// SPDX-License-Identifier: Apache-2.0
internal import Dialects
internal import HTTP

/// The routing table of the daemon: the dialects' routes, the platform's and its own. Immutable.
struct DaemonRoutes: Sendable {
    enum Destination: Sendable {
        case dialect(Endpoint)
        case admin(AdminEndpoint)
        case batch(BatchEndpoint)
        case metrics
        case live
        case ready

        /// With what it is switched on and off for a listener.
        var group: Configuration.RouteGroup {
            switch self {
            case .metrics: .metrics
            case .admin: .admin
            case .live, .ready, .dialect(.openInference(.live)), .dialect(.openInference(.ready)),
                .dialect(.invocations(.ping)), .dialect(.instances(.alive)):
                .health
            case .dialect, .batch: .models
            }
        }
    }

    /// By route number.
    let destinations: [Destination]
    let groups: [Configuration.RouteGroup]
    /// Captures before the model's name.
    let ignoredCaptures: [Int]
    /// What stands behind the model is an alias.
    let namesLabel: [Bool]
    let router: Router

    /// - Parameter platform: routes beside those of the dialects.
    init(platform: [Route<Endpoint>] = []) {
        let own: [Route<Destination>] = [
            Route(.get, "/metrics", .metrics), Route(.get, "/livez", .live), Route(.get, "/readyz", .ready),
        ]
        let routes =
            (Endpoint.routes + platform).map { $0.leading(to: Destination.dialect) }
            + AdminEndpoint.routes.map { $0.leading(to: Destination.admin) }
            + BatchEndpoint.routes.map { $0.leading(to: Destination.batch) } + own
        destinations = routes.map(\.endpoint)
        groups = destinations.map(\.group)
        ignoredCaptures = routes.map(\.ignoredCaptures)
        namesLabel = routes.map(\.namesLabel)
        var router = Router()
        for route in routes { router.add(route.method, route.pattern) }
        self.router = router
    }
}
