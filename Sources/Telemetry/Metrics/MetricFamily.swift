// SPDX-License-Identifier: Apache-2.0
internal import Base

/// The series of one metric, keyed by their label values, and how they are written.
struct MetricFamily: Sendable {
    enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
        case sample(Double)
    }

    let definition: MetricDefinition
    var series: [[String]: Instrument] = [:]

    func write(_ format: ExpositionFormat, into buffer: inout ByteBuffer) {
        writeHead(format, into: &buffer)
        for (labels, instrument) in series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            switch instrument {
            case .counter(let counter): writeSample("", labels, "\(counter.value)", into: &buffer)
            case .gauge(let gauge): writeSample("", labels, "\(gauge.value)", into: &buffer)
            case .sample(let value):
                let whole = Int64(exactly: value).map { "\($0)" }
                writeSample("", labels, whole ?? Self.number(value), into: &buffer)
            case .histogram(let histogram): writeHistogram(histogram, labels, into: &buffer)
            }
        }
    }

    private func writeHead(_ format: ExpositionFormat, into buffer: inout ByteBuffer) {
        let help = format.escapedHelp(definition.help)
        switch format {
        case .prometheusText:
            let type = definition.kind == .info ? "gauge" : definition.kind.rawValue
            buffer.append("# HELP \(definition.name) \(help)\n# TYPE \(definition.name) \(type)\n")
        case .openMetrics:
            let name = definition.familyName
            buffer.append("# TYPE \(name) \(definition.kind.rawValue)\n")
            if let unit = definition.unit { buffer.append("# UNIT \(name) \(unit.rawValue)\n") }
            buffer.append("# HELP \(name) \(help)\n")
        }
    }

    private func writeHistogram(_ histogram: Histogram, _ labels: [String], into buffer: inout ByteBuffer) {
        let reading = histogram.reading
        for (bound, count) in zip(histogram.bounds + [.infinity], reading.cumulative) {
            writeSample("_bucket", labels, "\(count)", le: Self.number(bound), into: &buffer)
        }
        writeSample("_sum", labels, Self.number(reading.sumSeconds), into: &buffer)
        writeSample("_count", labels, "\(reading.count)", into: &buffer)
    }

    private func writeSample(
        _ suffix: String, _ labels: [String], _ value: String, le: String? = nil,
        into buffer: inout ByteBuffer
    ) {
        buffer.append(definition.name)
        buffer.append(suffix)
        var separator = "{"
        for (name, value) in zip(definition.labels, labels) {
            buffer.append("\(separator)\(name)=\"\(ExpositionFormat.escapedLabel(value))\"")
            separator = ","
        }
        if let le {
            buffer.append("\(separator)le=\"\(le)\"")
            separator = ","
        }
        if separator == "," { buffer.append("}") }
        buffer.append(" \(value)\n")
    }

    /// Both formats write floats as Go does; Swift differs only in the names of what is no number.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }
}
