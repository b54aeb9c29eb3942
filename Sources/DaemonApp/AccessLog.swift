// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Net
internal import Synchronization
internal import Telemetry

/// Which requests are logged; shared by all loops, and changed by SIGHUP.
///
/// State: two atomics.
final class AccessLogPolicy: Sendable {
    private let mode: Atomic<UInt8>
    private let sample: Atomic<Int>

    init(_ log: Configuration.Log) {
        mode = Atomic(Self.number(log.access))
        sample = Atomic(max(log.accessSample, 1))
    }

    func change(to log: Configuration.Log) {
        sample.store(max(log.accessSample, 1), ordering: .relaxed)
        mode.store(Self.number(log.access), ordering: .relaxed)
    }

    /// `count`: the loop's requests so far.
    func wants(_ status: Status, count: Int) -> Bool {
        switch mode.load(ordering: .relaxed) {
        case 0: false
        case 1: status.code >= 400
        case 2: status.code >= 500 || count % sample.load(ordering: .relaxed) == 0
        default: true
        }
    }

    private static func number(_ mode: Configuration.AccessLogMode) -> UInt8 {
        switch mode {
        case .off: 0
        case .errors: 1
        case .sampled: 2
        case .all: 3
        }
    }
}

/// Writes one line for a request: `docs/operating/logging.md`. Its switch is its own: `log.level` does not
/// silence it. A request that is not logged costs an atomic load.
///
/// State: owned by its loop.
struct AccessLog {
    /// Bytes of a path that are kept.
    private static let pathBytesMax = 512

    private let policy: AccessLogPolicy
    private let logger: Logger
    private let routes: [String]
    private var count = 0

    /// `routes`: the templates by route number.
    init(_ policy: AccessLogPolicy, logger: Logger, routes: [String]) {
        self.policy = policy
        self.logger = logger
        self.routes = routes
    }

    mutating func finished(
        _ record: borrowing RequestRecord, _ request: borrowing Request, identifier: Span<UInt8>
    ) {
        count &+= 1
        guard policy.wants(record.status, count: count) else { return }
        let path = request.path
        let target = String(copying: path.extracting(0..<min(path.count, Self.pathBytesMax)))
        let trace = Self.trace(of: request)
        let name = String(copying: identifier)
        let origin = request.origin
        let route = routes.indices.contains(record.route) ? routes[record.route] : nil
        let method = "\(record.method.name)"
        let (status, nanoseconds) = (record.status, record.nanoseconds)
        let (bytesIn, bytesOut) = (record.requestBodyBytes, record.responseBodyBytes)
        logger.record(.info, "request") { line in
            line.append("method", .string(method))
            line.append("path", .string(target))
            if let route { line.append("route", .string(route)) }
            line.append("status", LogValue(status.code))
            line.append("seconds", .number(Double(nanoseconds / 1_000) / 1e6))
            line.append("bytes_in", LogValue(bytesIn))
            line.append("bytes_out", LogValue(bytesOut))
            Self.append(origin, name, to: &line)
            if let trace {
                line.append("trace_id", .string(trace.traceText))
                line.append("parent_id", .string(trace.parentText))
                line.append("trace_sampled", .boolean(trace.isSampled))
            }
        }
    }

    /// Two headers cannot both be the caller's: then there is none (W3C Trace Context, section 3.2).
    private static func trace(of request: borrowing Request) -> TraceContext? {
        var found: TraceContext?
        for index in 0..<request.headerCount where request.headerName(at: index).count == 11 {
            guard String(copying: request.headerName(at: index)).lowercased() == "traceparent" else {
                continue
            }
            if found != nil { return nil }
            found = TraceContext(request.headerValue(at: index))
            if found == nil { return nil }
        }
        return found
    }

    /// What the engine refused may not be a request: nothing of it is shown but the reason.
    mutating func rejected(_ defect: RequestDefect, _ origin: RequestOrigin, identifier: Span<UInt8>) {
        count &+= 1
        guard policy.wants(defect.status, count: count) else { return }
        let name = String(copying: identifier)
        logger.record(.info, "request was refused") { line in
            line.append("status", LogValue(defect.status.code))
            line.append("reason", .string("\(defect.message)"))
            Self.append(origin, name, to: &line)
        }
    }

    private static func append(_ origin: RequestOrigin, _ identifier: String, to line: inout LogLine) {
        line.append("client", .string(origin.peer.host))
        if let certificate = origin.certificate { line.append("certificate", .string(certificate.subject)) }
        if !identifier.isEmpty { line.append("request_id", .string(identifier)) }
    }
}
