// SPDX-License-Identifier: Apache-2.0
package import Base
import Synchronization

/// All metrics of the process: hands out instruments, and writes their values when somebody scrapes.
///
/// Instruments are made ahead (at start, at a model's first request) and kept by those who count; counting
/// never comes here. State: small and shared, behind a lock that a scrape holds only to copy the list of
/// series.
package final class MetricRegistry: Sendable {
    private let families = Mutex<[String: MetricFamily]>([:])
    private let collectors = Mutex<[@Sendable () -> [MetricSample]]>([])
    let modelSeries: SeriesBudget

    /// - Parameter modelSeriesLimit: time series that may be labelled with models; what comes after is
    ///   counted under `model="other"`.
    package init(modelSeriesLimit: Int = 2000) { modelSeries = SeriesBudget(limit: modelSeriesLimit) }

    /// The counter with these label values, made when it does not exist yet.
    package func counter(_ definition: MetricDefinition, _ labels: [String] = []) -> Counter {
        precondition(definition.kind == .counter, "\(definition.name) is no counter")
        let instrument = series(definition, labels) { .counter(Counter()) }
        guard case .counter(let counter) = instrument else { preconditionFailure("made above as a counter") }
        return counter
    }

    package func gauge(_ definition: MetricDefinition, _ labels: [String] = []) -> Gauge {
        precondition(definition.kind == .gauge || definition.kind == .info, "\(definition.name) is no gauge")
        let instrument = series(definition, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = instrument else { preconditionFailure("made above as a gauge") }
        return gauge
    }

    package func histogram(_ definition: MetricDefinition, _ labels: [String] = []) -> Histogram {
        precondition(definition.kind == .histogram, "\(definition.name) is no histogram")
        let instrument = series(definition, labels) { .histogram(Histogram(bounds: definition.buckets)) }
        guard case .histogram(let histogram) = instrument else {
            preconditionFailure("made above as a histogram")
        }
        return histogram
    }

    /// Adds values that are read when somebody scrapes. `collect` may run on any thread.
    package func collect(_ collect: @escaping @Sendable () -> [MetricSample]) {
        collectors.withLock { $0.append(collect) }
    }

    /// Forgets a series: it is no longer shown; who still holds the instrument counts into the void.
    package func remove(_ definition: MetricDefinition, _ labels: [String]) {
        families.withLock { families in
            _ = families[definition.name]?.series.removeValue(forKey: labels)
            if families[definition.name]?.series.isEmpty == true { families[definition.name] = nil }
        }
    }

    /// Sets the constant that says which version runs.
    package func setBuildInfo(version: String) { gauge(.buildInfo, [version]).set(1) }

    /// Writes all metrics in `format`, families and series in a fixed order.
    package func write(_ format: ExpositionFormat, into buffer: inout ByteBuffer) {
        var families = self.families.withLock { $0 }
        for collect in collectors.withLock({ $0 }) {
            for sample in collect() {
                let definition = sample.definition
                families[definition.name, default: MetricFamily(definition: definition)]
                    .series[sample.labels] = .sample(sample.value)
            }
        }
        for family in families.values.sorted(by: { $0.definition.name < $1.definition.name }) {
            family.write(format, into: &buffer)
        }
        if format == .openMetrics { buffer.append("# EOF\n") }
    }

    private func series(
        _ definition: MetricDefinition, _ labels: [String], make: () -> MetricFamily.Instrument
    ) -> MetricFamily.Instrument {
        precondition(labels.count == definition.labels.count, "\(definition.name): wrong number of labels")
        return families.withLock { families in
            if let known = families[definition.name]?.series[labels] { return known }
            let made = make()
            families[definition.name, default: MetricFamily(definition: definition)].series[labels] = made
            return made
        }
    }
}

/// One value that is read when somebody scrapes.
package struct MetricSample: Sendable {
    package var definition: MetricDefinition
    package var labels: [String]
    package var value: Double

    package init(_ definition: MetricDefinition, labels: [String] = [], _ value: Double) {
        precondition(labels.count == definition.labels.count, "\(definition.name): wrong number of labels")
        self.definition = definition
        self.labels = labels
        self.value = value
    }
}
