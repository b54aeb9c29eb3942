// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import Synchronization
import Telemetry
import Testing

func rendered(_ registry: MetricRegistry, _ format: ExpositionFormat = .prometheusText) -> String {
    var buffer = ByteBuffer()
    registry.write(format, into: &buffer)
    return String(copying: buffer.bytes)
}

struct MetricRegistryTests {
    let registry = MetricRegistry()

    private static let hostile = MetricDefinition(
        .counter, "modeld_odd_things_total", help: "A \\ and a\nline \"quoted\".", labels: ["what"])

    @Test func families_areWrittenAsPrometheusText() {
        registry.setBuildInfo(version: "0.1.0")
        registry.counter(.httpRequests, ["infer", "POST", "200"]).add(3)
        registry.counter(.httpRequests, ["infer", "GET", "405"]).add()
        registry.gauge(.httpConnections).set(2)
        #expect(
            rendered(registry) == """
                # HELP modeld_build_info Constant 1, labelled with the version that runs.
                # TYPE modeld_build_info gauge
                modeld_build_info{version="0.1.0"} 1
                # HELP modeld_http_connections HTTP connections that are open.
                # TYPE modeld_http_connections gauge
                modeld_http_connections 2
                # HELP modeld_http_requests_total HTTP requests answered.
                # TYPE modeld_http_requests_total counter
                modeld_http_requests_total{route="infer",method="GET",code="405"} 1
                modeld_http_requests_total{route="infer",method="POST",code="200"} 3

                """)
    }

    @Test func families_areWrittenAsOpenMetrics() {
        registry.setBuildInfo(version: "0.1.0")
        registry.counter(.httpRequests, ["infer", "POST", "200"]).add(3)
        registry.collect { [MetricSample(.processCPU, 1.5)] }
        #expect(
            rendered(registry, .openMetrics) == """
                # TYPE modeld_build info
                # HELP modeld_build Constant 1, labelled with the version that runs.
                modeld_build_info{version="0.1.0"} 1
                # TYPE modeld_http_requests counter
                # HELP modeld_http_requests HTTP requests answered.
                modeld_http_requests_total{route="infer",method="POST",code="200"} 3
                # TYPE process_cpu_seconds counter
                # UNIT process_cpu_seconds seconds
                # HELP process_cpu_seconds Total user and system CPU time spent in seconds.
                process_cpu_seconds_total 1.5
                # EOF

                """)
    }

    @Test func histograms_areCumulativeWithCanonicalBounds() {
        let histogram = registry.histogram(.modelRequestDuration, ["churn", "3"])
        for nanoseconds: UInt64 in [1, 10_000, 10_001, 2_000_000_000] {
            histogram.observe(nanoseconds: nanoseconds)
        }
        let text = rendered(registry)
        #expect(text.contains("_bucket{model=\"churn\",version=\"3\",le=\"1e-05\"} 2\n"), "\(text)")
        #expect(text.contains("le=\"0.0001\"} 3\n"))
        #expect(text.contains("le=\"1.0\"} 3\n"))
        #expect(text.contains("le=\"+Inf\"} 4\n"))
        #expect(text.contains("_sum{model=\"churn\",version=\"3\"} 2.000020002\n"), "\(text)")
        #expect(text.contains("_count{model=\"churn\",version=\"3\"} 4\n"))
    }

    @Test func whatCouldEndALineOrALabel_isEscaped() {
        registry.counter(Self.hostile, ["a\"} 1\nb\\"]).add()
        #expect(
            rendered(registry) == """
                # HELP modeld_odd_things_total A \\\\ and a\\nline "quoted".
                # TYPE modeld_odd_things_total counter
                modeld_odd_things_total{what="a\\"} 1\\nb\\\\"} 1

                """)
        #expect(rendered(registry, .openMetrics).contains("A \\\\ and a\\nline \\\"quoted\\\"."))
    }

    @Test func sameLabels_giveTheSameInstrument() {
        registry.counter(.modelLoadFailures, ["a"]).add()
        registry.counter(.modelLoadFailures, ["a"]).add()
        #expect(registry.counter(.modelLoadFailures, ["a"]).value == 2)
    }

    @Test func removedSeries_areNoLongerShown() {
        registry.counter(.modelLoadFailures, ["a"]).add()
        registry.remove(.modelLoadFailures, ["a"])
        registry.remove(.modelLoadFailures, ["never there"])
        #expect(rendered(registry) == "")
    }

    @Test func numbersThatAreNone_haveTheirPrometheusNames() {
        for (value, text) in [
            (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (1e21, "1e+21"),
        ] {
            let registry = MetricRegistry()
            registry.collect { [MetricSample(.processMaxDescriptors, value)] }
            #expect(rendered(registry).hasSuffix("process_max_fds \(text)\n"))
        }
    }

    @Test func scrapesAmidUpdates_areConsistent() {
        let histogram = registry.histogram(.httpRequestDuration, ["infer"])
        let isDone = Atomic<Bool>(false)
        let writers = DispatchQueue(label: "writers", attributes: .concurrent)
        let group = DispatchGroup()
        for seed in 0..<2 {
            writers.async(group: group) {
                for step in 0..<200_000 {
                    histogram.observe(nanoseconds: UInt64(step &* 7919 &+ seed) % 20_000_000)
                }
            }
        }
        group.notify(queue: writers) { isDone.store(true, ordering: .relaxed) }
        var last: UInt64 = 0
        while !isDone.load(ordering: .relaxed) {
            let reading = histogram.reading
            #expect(reading.count == reading.cumulative.last)
            #expect(reading.cumulative == reading.cumulative.sorted())
            #expect(reading.count >= last)
            last = reading.count
        }
        group.wait()
        #expect(histogram.reading.count == 400_000)
    }
}
