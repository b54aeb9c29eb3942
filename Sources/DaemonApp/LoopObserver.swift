// SPDX-License-Identifier: Apache-2.0
internal import HTTP
internal import Net
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
    private let refused: Counter
    private let pausesByLimit: Counter
    private let pausesByWeather: Counter
    private let handshakeFailures: Counter
    private var accessLog: AccessLog

    init(
        metrics: MetricRegistry, logger: Logger, accessLog policy: AccessLogPolicy, routes templates: [String]
    ) {
        counts = HTTPMetrics(
            metrics, routes: templates + [Self.unmatched], methods: Method.allCases.map { "\($0.name)" })
        unmatchedRoute = templates.count
        self.logger = logger
        refused = metrics.counter(.httpConnectionsRefused)
        pausesByLimit = metrics.counter(.httpAcceptPauses, ["limit"])
        pausesByWeather = metrics.counter(.httpAcceptPauses, ["resources"])
        handshakeFailures = metrics.counter(.tlsHandshakeFailures)
        accessLog = AccessLog(policy, logger: logger, routes: templates)
    }

    func requestFinished(
        _ record: borrowing RequestRecord, _ request: borrowing Request, identifier: Span<UInt8>
    ) {
        counts.record(
            route: record.route < 0 ? unmatchedRoute : record.route, method: Int(record.method.rawValue),
            code: Int(record.status.code), nanoseconds: record.nanoseconds)
        accessLog.finished(record, request, identifier: identifier)
    }

    func requestRejected(_ defect: RequestDefect, _ origin: RequestOrigin, identifier: Span<UInt8>) {
        counts.record(
            route: unmatchedRoute, method: Int(Method.other.rawValue), code: Int(defect.status.code),
            nanoseconds: 0)
        accessLog.rejected(defect, origin, identifier: identifier)
    }

    func connectionOpened() { counts.connections.add(1) }

    func connectionClosed() { counts.connections.add(-1) }

    func connectionRefused(_ peer: PeerAddress) {
        refused.add(1)
        logger.debug("a client has too many connections", ["client": LogValue(peer.host)])
    }

    func acceptFilled() { pausesByLimit.add(1) }

    func handshakeFailed(_ reason: String) {
        handshakeFailures.add(1)
        logger.debug("TLS handshake failed", ["reason": LogValue(reason)])
    }

    func acceptFailed(code: CInt) {
        pausesByWeather.add(1)
        logger.warning("out of descriptors or memory; accepting pauses", ["errno": LogValue(code)])
    }
}
