// SPDX-License-Identifier: Apache-2.0

/// How metrics are written for a scraper.
package enum ExpositionFormat: Sendable, Equatable {
    /// The Prometheus text format 0.0.4.
    case prometheusText
    /// OpenMetrics 1.0.0.
    case openMetrics

    package var contentType: StaticString {
        switch self {
        case .prometheusText: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The format that a request's `Accept` header asks for: the one of higher quality, OpenMetrics when both
    /// are alike and named; the text format for anything that names neither, as Prometheus' own rule has it.
    ///
    /// - Parameter accept: the header's value; nil when the request has none.
    package init(accept: Span<UInt8>?) {
        self = .prometheusText
        guard let accept, let text = String(validatingASCII: accept) else { return }
        var textQuality = 0
        var openMetricsQuality = 0
        for range in text.split(separator: ",").prefix(64) {
            let range = MediaRange(range)
            switch range.type {
            case "application/openmetrics-text" where range.version == nil || range.version == "1.0.0":
                openMetricsQuality = max(openMetricsQuality, range.quality)
            case "text/plain" where range.version == nil || range.version == "0.0.4":
                textQuality = max(textQuality, range.quality)
            default: break
            }
        }
        if openMetricsQuality > 0 && openMetricsQuality >= textQuality { self = .openMetrics }
    }

    /// `\` and line feed in both formats, and `"` in OpenMetrics.
    func escapedHelp(_ text: String) -> String {
        Self.escaped(text, quotes: self == .openMetrics)
    }

    static func escapedLabel(_ value: String) -> String { escaped(value, quotes: true) }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// One element of an `Accept` header (RFC 9110 section 12.5.1): `type/subtype; parameter=value; q=0.5`.
private struct MediaRange {
    var type: String
    var version: String?
    /// Thousandths, 0 to 1000.
    var quality = 1000

    init(_ text: Substring) {
        let parts = text.split(separator: ";", maxSplits: 16, omittingEmptySubsequences: false)
        type = parts[0].trimmingBlanks().lowercased()
        for parameter in parts.dropFirst() {
            guard let equals = parameter.firstIndex(of: "=") else { continue }
            let name = parameter[..<equals].trimmingBlanks().lowercased()
            var value = parameter[parameter.index(after: equals)...].trimmingBlanks()
            if value.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"") {
                value = value.dropFirst().dropLast()
            }
            switch name {
            case "version": version = String(value)
            case "q": quality = Self.thousandths(value)
            default: break
            }
        }
    }

    /// `qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )`; anything else does not count.
    private static func thousandths(_ text: Substring) -> Int {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first == 0x30 || first == 0x31, bytes.count <= 5 else { return 0 }
        if bytes.count > 1 && bytes[1] != 0x2E { return 0 }
        var value = Int(first - 0x30) * 1000
        var scale = 100
        for digit in bytes.dropFirst(2) {
            guard digit >= 0x30 && digit <= 0x39 else { return 0 }
            value += Int(digit - 0x30) * scale
            scale /= 10
        }
        return min(value, 1000)
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> Substring {
        var result = self
        while let last = result.last, last == " " || last == "\t" { result.removeLast() }
        return result.drop { $0 == " " || $0 == "\t" }
    }
}

extension String {
    fileprivate init?(validatingASCII bytes: Span<UInt8>) {
        var text = ""
        for index in bytes.indices {
            guard bytes[index] < 0x80 else { return nil }
            text.unicodeScalars.append(Unicode.Scalar(bytes[index]))
        }
        self = text
    }
}
