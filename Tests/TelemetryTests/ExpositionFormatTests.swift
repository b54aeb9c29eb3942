// SPDX-License-Identifier: Apache-2.0
import Telemetry
import Testing

struct ExpositionFormatTests {
    @Test(arguments: [
        // What Prometheus 2 and 3 send.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", ExpositionFormat.openMetrics
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;"
                + "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", .openMetrics
        ),
        // A curl, a browser.
        ("*/*", .prometheusText),
        ("text/html,application/xhtml+xml,*/*;q=0.8", .prometheusText),
        ("text/plain", .prometheusText),
        ("application/openmetrics-text", .openMetrics),
        ("APPLICATION/OPENMETRICS-TEXT ; Version=\"1.0.0\" ; Q=0.001", .openMetrics),
        ("application/openmetrics-text; version=0.0.1", .prometheusText),
        ("application/openmetrics-text; version=2.0.0", .prometheusText),
        ("application/openmetrics-text;q=0", .prometheusText),
        ("text/plain;q=0.9, application/openmetrics-text;q=0.8", .prometheusText),
        ("text/plain;q=0.8, application/openmetrics-text;q=0.81", .openMetrics),
        ("application/openmetrics-text;q=1.5555", .prometheusText),
        ("application/openmetrics-text;q=abc", .prometheusText),
        ("application/openmetrics-text;q=", .prometheusText),
        (";;;,,,;q=", .prometheusText),
        ("", .prometheusText),
    ])
    func acceptHeaders_chooseTheFormat(_ accept: String, _ expected: ExpositionFormat) {
        let bytes = Array(accept.utf8)
        #expect(ExpositionFormat(accept: bytes.span) == expected, "\(accept)")
    }

    @Test func noAcceptHeader_meansPrometheusText() {
        #expect(ExpositionFormat(accept: nil) == .prometheusText)
    }

    @Test func bytesOutsideASCII_meanPrometheusText() {
        let bytes: [UInt8] = [0xFF, 0xFE] + Array("application/openmetrics-text".utf8)
        #expect(ExpositionFormat(accept: bytes.span) == .prometheusText)
    }
}
