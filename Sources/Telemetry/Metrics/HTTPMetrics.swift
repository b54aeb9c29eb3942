// SPDX-License-Identifier: Apache-2.0

/// Counts answered requests by route, method and code for one event loop.
///
/// A series is made at its first use and found by index afterwards. Routes and methods are fixed lists and
/// codes are cut to the valid range, so that no client can make series. State: owned by its loop; the
/// counters behind it are shared.
package final class HTTPMetrics {
    private static let codes = 100...599

    private let registry: MetricRegistry
    private let routes: [String]
    private let methods: [String]
    private let durations: [Histogram]
    /// By route and method, then by code; empty before the first request: all of them would take megabytes.
    private var counters: [[Counter?]]
    package let connections: Gauge

    /// - Parameters:
    ///   - routes: the templates that requests are matched to, one of them for what matches none.
    ///   - methods: the methods told apart, one of them for all others.
    package init(_ registry: MetricRegistry, routes: [String], methods: [String]) {
        self.registry = registry
        self.routes = routes
        self.methods = methods
        durations = routes.map { registry.histogram(.httpRequestDuration, [$0]) }
        counters = Array(repeating: [], count: routes.count * methods.count)
        connections = registry.gauge(.httpConnections)
    }

    /// Counts one answer. `route` and `method` are indices in the lists of `init`.
    package func record(route: Int, method: Int, code: Int, nanoseconds: UInt64) {
        let code = min(max(code, Self.codes.lowerBound), Self.codes.upperBound)
        let place = route * methods.count + method
        if counters[place].isEmpty { counters[place] = Array(repeating: nil, count: Self.codes.count) }
        if let counter = counters[place][code - Self.codes.lowerBound] {
            counter.add(1)
        } else {
            let counter = registry.counter(.httpRequests, [routes[route], methods[method], "\(code)"])
            counter.add(1)
            counters[place][code - Self.codes.lowerBound] = counter
        }
        durations[route].observe(nanoseconds: nanoseconds)
    }
}
