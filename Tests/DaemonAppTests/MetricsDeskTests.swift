// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import HTTP
import Net
import Synchronization
import Telemetry
import Testing

@testable import DaemonApp

struct MetricsDeskTests {
    /// Leads `/metrics` to the desk and answers all else at once.
    private final class Handler: RequestHandler {
        let desk: MetricsDesk
        init(_ desk: MetricsDesk) { self.desk = desk }

        func handle(_ request: borrowing Request, _ response: inout Response) {
            if request.path.text == "/metrics" { return desk.answer(request, &response) }
            response.contentType = .text
            response.body.append("ok\n")
        }
    }

    private func withServer(_ metrics: MetricRegistry, _ body: (Address) throws -> Void) throws {
        var configuration = HTTPServer.Configuration(addresses: [.ip(host: "127.0.0.1", port: 0)])
        configuration.loopCount = 1
        configuration.timeouts.lastCall = .zero
        let desk = MetricsDesk(metrics)
        let server = HTTPServer(configuration: configuration) { _ in Handler(desk) }
        let address = try #require(try server.start().first)
        defer {
            server.drain(deadline: .seconds(5))
            server.waitUntilStopped()
        }
        try body(address)
    }

    /// The one event loop answers while a scrape is under way, for however long that takes.
    @Test func aScrape_keepsNobodyWaiting() throws {
        let metrics = MetricRegistry()
        let (begun, goesOn, isOver) = (
            DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)
        )
        metrics.collect {
            begun.signal()
            goesOn.wait()
            return [MetricSample(.processCPU, 1.5)]
        }
        let scraped = Mutex("")
        try withServer(metrics) { address in
            try PosixThread.detach {
                var client = HTTPClient(address)
                let answer = try? client.send(.get, "/metrics")
                scraped.withLock { $0 = answer?.bodyText ?? "" }
                isOver.signal()
            }
            begun.wait()
            var client = HTTPClient(address)
            for _ in 0..<3 { #expect(try client.send(.get, "/other").bodyText == "ok\n") }
            #expect(scraped.withLock { $0.isEmpty })
            goesOn.signal()
            isOver.wait()
        }
        #expect(scraped.withLock { $0.contains("\nprocess_cpu_seconds_total 1.5\n") })
    }

    /// The form is that which is asked for; who scrapes is in flight until the answer is written.
    @Test func theForm_isThatWhichIsAskedFor() throws {
        let metrics = MetricRegistry()
        let inFlight = metrics.gauge(.httpRequestsInFlight)
        try withServer(metrics) { address in
            var client = HTTPClient(address)
            for (accept, end) in [("text/plain", false), ("application/openmetrics-text", true)] {
                inFlight.add(1)
                let answer = try client.send(.get, "/metrics", headers: [("Accept", accept)])
                #expect(answer.status == 200 && answer.header("Content-Type")?.hasPrefix(accept) == true)
                #expect(answer.bodyText.hasSuffix("# EOF\n") == end)
                #expect(answer.bodyText.contains("modeld_http_requests_in_flight 1\n"))
                #expect(inFlight.value == 0)
            }
        }
    }
}
