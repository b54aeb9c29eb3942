// SPDX-License-Identifier: Apache-2.0

/// How urgent a line is; the more urgent, the smaller.
package enum LogLevel: UInt8, Sendable, Comparable, CaseIterable {
    /// Somebody must act now.
    case error
    /// Somebody should act soon: a model version was refused and the old one goes on.
    case warning
    /// Start, stop, a model version going live.
    case notice
    /// At most one line a request.
    case info
    /// For the people who write the daemon.
    case debug
    /// Every step.
    case trace

    package var name: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        case .trace: "trace"
        }
    }

    package init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// How a line is written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-03-01T12:00:00.000Z notice model version is ready model=churn version=3`
    case text
    /// One JSON object a line.
    case json
}

/// The value of a field of a log line.
package enum LogValue: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
    case string(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)

    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(_ value: String) { self = .string(value) }
    package init(_ value: some BinaryInteger) { self = .integer(Int64(clamping: value)) }
}
