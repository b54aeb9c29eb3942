// SPDX-License-Identifier: Apache-2.0
import Foundation
import Telemetry
import Testing

/// The rules of https://prometheus.io/docs/practices/naming/, and the page that lists all metrics.
struct MetricNamesTests {
    @Test func names_followTheRules() {
        for definition in MetricDefinition.all {
            let name = definition.name
            #expect(name.hasPrefix("modeld_") || name.hasPrefix("process_"))
            #expect((definition.kind == .counter) == name.hasSuffix("_total"), "\(name)")
            #expect((definition.kind == .info) == name.hasSuffix("_info"), "\(name)")
            if let unit = definition.unit { #expect(definition.familyName.hasSuffix("_\(unit)"), "\(name)") }
            #expect(definition.help.hasSuffix("."))
            #expect(definition.buckets == definition.buckets.sorted())
            #expect(!definition.labels.contains("le"))
        }
        #expect(Set(MetricDefinition.all.map(\.name)).count == MetricDefinition.all.count)
        #expect(MetricDefinition.all.map(\.name) == MetricDefinition.all.map(\.name).sorted())
    }

    /// To write the page anew: `MODELD_WRITE_PAGES=1 swift test --filter MetricNamesTests`.
    @Test func theReferencePage_isWhatTheCodeSays() throws {
        let page = URL(fileURLWithPath: #filePath).appending(path: "../../../docs/reference/metrics.md")
            .standardized
        let expected = MetricDefinition.referencePage
        if ProcessInfo.processInfo.environment["MODELD_WRITE_PAGES"] != nil {
            try expected.write(to: page, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: page, encoding: .utf8) == expected,
            "write it anew with MODELD_WRITE_PAGES=1 swift test --filter MetricNamesTests")
    }

    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool"),
            "promtool comes with Debian's prometheus"))
    func promtool_findsNothing() throws {
        let registry = MetricRegistry()
        registry.setBuildInfo(version: "0.1.0")
        ProcessMetrics.register(in: registry)
        for definition in MetricDefinition.all where !definition.name.hasPrefix("process_") {
            let labels = definition.labels.map { "some \"\($0)\"" }
            switch definition.kind {
            case .counter: registry.counter(definition, labels).add()
            case .gauge, .info: registry.gauge(definition, labels).set(1)
            case .histogram: registry.histogram(definition, labels).observe(nanoseconds: 12345)
            }
        }
        let promtool = Process()
        promtool.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
        promtool.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        (promtool.standardInput, promtool.standardOutput, promtool.standardError) = (input, output, output)
        try promtool.run()
        try input.fileHandleForWriting.write(contentsOf: Data(rendered(registry).utf8))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        promtool.waitUntilExit()
        #expect(promtool.terminationStatus == 0 && said.isEmpty, "\(String(decoding: said, as: UTF8.self))")
    }
}
