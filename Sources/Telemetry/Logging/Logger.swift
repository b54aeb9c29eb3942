// SPDX-License-Identifier: Apache-2.0
internal import Base
package import Glibc
import Synchronization

/// Writes events as lines: a constant message and fields. One line is one write(2); any thread may log.
///
/// What fields hold may come from outside: control characters and everything that could end a line or imitate
/// one are escaped. State: immutable but for the level; lines are serialised by a lock around the write.
package final class Logger: Sendable {
    /// Where lines go.
    package enum Sink: Sendable {
        /// The descriptor stays open as long as the process.
        case descriptor(CInt)
        case closure(@Sendable (String) -> Void)
    }

    package let format: LogFormat
    private let threshold: Atomic<UInt8>
    private let sink: Sink
    private let now: @Sendable () -> timespec
    private let writing = Mutex(())

    package init(
        level: LogLevel = .notice, format: LogFormat = .text, sink: Sink = .descriptor(STDERR_FILENO),
        now: @escaping @Sendable () -> timespec = LogLine.systemTime
    ) {
        self.format = format
        self.sink = sink
        self.now = now
        threshold = Atomic(level.rawValue)
    }

    /// Lines less urgent than this are not written. May be changed while others log.
    package var level: LogLevel {
        get { LogLevel(rawValue: threshold.load(ordering: .relaxed)) ?? .trace }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// - Parameter fields: not evaluated when the line is not written.
    package func log(
        _ level: LogLevel, _ message: StaticString,
        _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) {
        guard level.rawValue <= threshold.load(ordering: .relaxed) else { return }
        record(level, message) { line in
            for (key, value) in fields() { line.append(key, value) }
        }
    }

    /// Writes a line whatever the level: for a log that has a switch of its own. `write` appends the fields.
    package func record(_ level: LogLevel, _ message: StaticString, _ write: (inout LogLine) -> Void) {
        var line = LogLine(format)
        line.begin(at: now(), level: level, message: message)
        write(&line)
        line.end()
        switch sink {
        case .closure(let receive): writing.withLock { _ in receive(line.text) }
        case .descriptor(let number): writing.withLock { _ in line.write(to: number) }
        }
    }

    package func error(
        _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.error, message, fields()) }

    package func warning(
        _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.warning, message, fields()) }

    package func notice(
        _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.notice, message, fields()) }

    package func info(
        _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.info, message, fields()) }

    package func debug(
        _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]
    ) { log(.debug, message, fields()) }

    /// A logger that writes nothing.
    package static let silent = Logger(level: .error, sink: .closure { _ in })
}
