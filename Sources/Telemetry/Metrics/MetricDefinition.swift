// SPDX-License-Identifier: Apache-2.0

/// What a metric family is called, means and is labelled with. All of ours stand in `MetricNames.swift`.
package struct MetricDefinition: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// Only goes up; the name ends in `_total`.
        case counter
        case gauge
        case histogram
        /// Constant 1 whose labels are the information; the name ends in `_info`.
        case info
    }

    /// Base units only (Prometheus naming rules); the name, without `_total`, ends in the unit.
    package enum Unit: String, Sendable {
        case seconds
        case bytes
    }

    package let kind: Kind
    /// The name of its samples in Prometheus text, `_total` included.
    package let name: String
    package let unit: Unit?
    /// One sentence, the HELP line and the reference page.
    package let help: String
    package let labels: [String]
    /// Upper bounds of a histogram's buckets in seconds, ascending, without the last one, infinity.
    package let buckets: [Double]

    package init(
        _ kind: Kind, _ name: String, unit: Unit? = nil, help: String, labels: [String] = [],
        buckets: [Double] = []
    ) {
        precondition(buckets.count < Histogram.bucketLimit, "\(name): too many buckets")
        self.kind = kind
        self.name = name
        self.unit = unit
        self.help = help
        self.labels = labels
        self.buckets = buckets
    }

    /// The name without the suffix that OpenMetrics keeps for samples.
    package var familyName: Substring {
        switch kind {
        case .counter where name.hasSuffix("_total"): name.dropLast("_total".count)
        case .info where name.hasSuffix("_info"): name.dropLast("_info".count)
        default: name[...]
        }
    }

    /// Time series that one label set of the family makes in a scrape.
    package var seriesPerLabelSet: Int { kind == .histogram ? buckets.count + 3 : 1 }
}
