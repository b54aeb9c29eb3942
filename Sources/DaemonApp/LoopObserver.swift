// SPDX-License-Identifier: Apache-2.0
internal import HTTP
internal import Telemetry

/// Counts what one event loop does.
///
/// State: owned by its loop; the counters behind it are shared.
final class LoopObserver: ServerObserver {
    /// The label of requests that match no route.
    private static let unmatched = "unmatched"

    private let counts: HTTPMetrics
    private let logger: Logger
    private let unmatchedRoute: Int

    init(metrics: MetricRegistry, logger: Logger) {
        let templates = DaemonRoutes.router.templates
        counts = HTTPMetrics(
            metrics, routes: templates + [Self.unmatched], methods: Method.allCases.map { "\($0.name)" })
        unmatchedRoute = templates.count
        self.logger = logger
    }

    func requestFinished(_ record: borrowing RequestRecord) {
        counts.record(
            route: record.route < 0 ? unmatchedRoute : record.route, method: Int(record.method.rawValue),
            code: Int(record.status.code), nanoseconds: record.nanoseconds)
    }

    func requestRejected(_ defect: RequestDefect) {
        counts.record(
            route: unmatchedRoute, method: Int(Method.other.rawValue), code: Int(defect.status.code),
            nanoseconds: 0)
    }

    func connectionOpened() { counts.connections.add(1) }

    func connectionClosed() { counts.connections.add(-1) }

    func acceptFailed(code: CInt) {
        logger.warning("out of descriptors or memory; accepting pauses", ["errno": LogValue(code)])
    }
}
