// SPDX-License-Identifier: Apache-2.0
import Telemetry
import Testing

struct ProcessMetricsTests {
    @Test func allProcessMetrics_areShownWithPlausibleValues() throws {
        let registry = MetricRegistry()
        ProcessMetrics.register(in: registry)
        let text = rendered(registry)
        var values: [Substring: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            values[parts[0]] = Double(parts[1])
        }
        #expect(
            Set(values.keys.map(String.init))
                == Set(MetricDefinition.all.map(\.name).filter { $0.hasPrefix("process_") }))
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(values["process_start_time_seconds"]) > 1_600_000_000)
        #expect(try #require(values["process_open_fds"]) >= 3)
    }
}
