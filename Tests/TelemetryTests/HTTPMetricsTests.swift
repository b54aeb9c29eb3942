// SPDX-License-Identifier: Apache-2.0
import Telemetry
import Testing

struct HTTPMetricsTests {
    private func text(_ registry: MetricRegistry) -> [Substring] {
        rendered(registry).split(separator: "\n")
            .filter { $0.hasPrefix("modeld_http_requests_total{") }
    }

    private func line(_ route: String, _ method: String, _ code: Int, _ count: Int) -> Substring {
        "modeld_http_requests_total{route=\"\(route)\",method=\"\(method)\",code=\"\(code)\"} \(count)"
    }

    /// Two loops count into the same series; what was never asked has none.
    @Test func answersAreCounted_byRouteMethodAndCode() {
        let registry = MetricRegistry()
        let loops = (0..<2).map { _ in
            HTTPMetrics(registry, routes: ["/a", "/b"], methods: ["GET", "POST"])
        }
        #expect(text(registry).isEmpty)
        for loop in loops {
            for _ in 0..<3 { loop.record(route: 0, method: 1, code: 200, nanoseconds: 5) }
            loop.record(route: 1, method: 0, code: 503, nanoseconds: 5)
            loop.record(route: 1, method: 0, code: 200, nanoseconds: 5)
        }
        #expect(
            text(registry).sorted() == [
                line("/a", "POST", 200, 6), line("/b", "GET", 200, 2), line("/b", "GET", 503, 2),
            ])
    }

    @Test func codesThatThereAreNot_areCutToTheRange() {
        let registry = MetricRegistry()
        let counts = HTTPMetrics(registry, routes: ["/a"], methods: ["GET"])
        for code in [-1, 99, 100, 599, 600, .max] {
            counts.record(route: 0, method: 0, code: code, nanoseconds: 0)
        }
        #expect(text(registry).sorted() == [line("/a", "GET", 100, 3), line("/a", "GET", 599, 3)])
    }
}
