// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization
import Telemetry
import Testing

/// Collects lines.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    func logger(_ format: LogFormat, level: LogLevel = .trace) -> Logger {
        Logger(
            level: level, format: format, sink: .closure { line in self.lines.withLock { $0.append(line) } },
            now: { timespec(tv_sec: 1_772_366_400, tv_nsec: 7_999_999) })
    }
}

struct LoggerTests {
    let lines = Lines()

    @Test func text_isTimeLevelMessageAndFields() {
        lines.logger(.text).notice(
            "model version is ready",
            [
                "model": "churn", "version": 3, "seconds": 0.25, "golden": true, "reason": "two words",
                "none": "",
            ])
        #expect(
            lines.all == [
                "2026-03-01T12:00:00.007Z notice model version is ready model=churn version=3 seconds=0.25 "
                    + "golden=true reason=\"two words\" none=\"\"\n"
            ])
    }

    @Test func json_isOneObjectALine() throws {
        lines.logger(.json).error("cannot read", ["path": "/a \"b\"\n\u{1B}[0m", "share": .number(.nan)])
        #expect(
            lines.all == [
                #"{"time":"2026-03-01T12:00:00.007Z","level":"error","message":"cannot read","#
                    + #""path":"/a \"b\"\n\u001b[0m","share":"nan"}"# + "\n"
            ])
    }

    @Test(arguments: LogFormat.allCases)
    func hostileValues_stayInsideTheirLine(_ format: LogFormat) {
        let hostile = "a\r\nb\u{0}\u{85}\u{2028}\u{202E}\u{9B}\u{7F}\t\"x=1\" é😀"
        lines.logger(format).warning("odd name", ["name": .string(hostile)])
        let line = lines.all[0]
        #expect(line.filter(\.isNewline).count == 1 && line.hasSuffix("\n"))
        #expect(!line.dropLast().unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(line.contains(#"a\r\nb\u0000\u0085\u2028\u202e\u009b\u007f\t\"x=1\" é😀"#), "\(line)")
    }

    @Test func longValues_areCut() {
        lines.logger(.text).debug("long", ["value": .string(String(repeating: "é", count: 10_000))])
        #expect(lines.all[0].utf8.count < 4300)
        #expect(lines.all[0].hasSuffix("…\"\n"))
    }

    @Test func linesBelowTheLevel_areNeitherWrittenNorEvaluated() {
        func neverCalled() -> LogValue {
            Issue.record("fields of a line that is not written were evaluated")
            return ""
        }
        let logger = lines.logger(.text, level: .warning)
        logger.notice("not now", ["a": neverCalled()])
        logger.warning("now")
        logger.level = .notice
        logger.notice("now too")
        #expect(lines.all.count == 2)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399, "2000-02-28T23:59:59.000Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"), (4_107_542_399, "2100-02-28T23:59:59.000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.000Z"),
    ])
    func times_areRFC3339(_ seconds: Int, _ expected: String) {
        let line = Mutex("")
        Logger(
            sink: .closure { text in line.withLock { $0 = text } },
            now: { timespec(tv_sec: seconds, tv_nsec: 0) }
        ).notice("x")
        #expect(line.withLock { $0 } == "\(expected) notice x\n")
    }

    @Test func concurrentLines_doNotMix() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "modeld-log-\(UUID().uuidString)")
            .path
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try #require(FileHandle(forWritingAtPath: path))
        let logger = Logger(sink: .descriptor(file.fileDescriptor))
        DispatchQueue.concurrentPerform(iterations: 4) { index in
            for _ in 0..<20 {
                logger.notice("line", ["value": .string(String(repeating: "\(index)", count: 2000))])
            }
        }
        try file.close()
        let written = try String(contentsOfFile: path, encoding: .utf8)
        let lines = written.split(separator: "\n")
        #expect(lines.count == 80)
        for line in lines {
            #expect(Set(line.drop { $0 != "=" }.dropFirst(2).dropLast()).count == 1)
        }
    }
}
