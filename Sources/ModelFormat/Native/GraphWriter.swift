// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Turns a graph into what a container holds: the graph and the samples as JSON text, the numbers as tensors.
///
/// Members stand in the order of docs/reference/model-format.md, so that the same graph gives the same text.
enum GraphWriter {
    /// Where each of several lists begins in one after the other, and where the last ends.
    static func starts(_ counts: [Int]) -> [Int32] {
        var starts: [Int32] = [0]
        for count in counts { starts.append((starts.last ?? 0) &+ Int32(truncatingIfNeeded: count)) }
        return starts
    }

    static func graphText(_ graph: ModelGraph, isNarrow: Bool = false) -> String {
        var json = ByteBuffer(capacity: 4096)
        json.append(#"{"schema":{"features":["#)
        for (index, feature) in graph.schema.features.enumerated() {
            if index > 0 { json.append(",") }
            append(feature, to: &json)
        }
        json.append("]}")
        appendList(#","stages":["#, graph.stages, to: &json) { append($0, to: &$1) }
        json.append(#","estimator":"#)
        append(graph.estimator, to: &json)
        json.append(#","output":"#)
        append(graph.output, to: &json)
        if let statistics = graph.statistics {
            json.append(#","statistics":"#)
            append(statistics, to: &json)
        }
        if !graph.lineage.facts.isEmpty {
            json.append(#","lineage":"#)
            append(graph.lineage, to: &json)
        }
        let requirements = requirements(graph) + (isNarrow ? [GraphDocument.narrowPart] : [])
        appendList(#","requires":["#, requirements, to: &json) { $1.append(quoted: $0) }
        json.append("}")
        return String(copying: json.bytes)
    }

    static func samplesText(_ samples: [GoldenSample]) -> String {
        var json = ByteBuffer(capacity: 4096)
        json.append("[")
        for (index, sample) in samples.enumerated() {
            json.append(index > 0 ? #",{"inputs":["# : #"{"inputs":["#)
            for (index, input) in sample.inputs.enumerated() {
                if index > 0 { json.append(",") }
                switch input {
                case .missing: json.append("null")
                case .number(let number): json.append(shortest: number)
                case .category(let name): json.append(quoted: name)
                }
            }
            json.append(#"],"predictions":["#)
            for (index, prediction) in sample.predictions.enumerated() {
                if index > 0 { json.append(",") }
                json.append(shortest: prediction)
            }
            json.append(#"],"tolerance":"#)
            json.append(shortest: sample.tolerance)
            json.append("}")
        }
        json.append("]")
        return String(copying: json.bytes)
    }

    private static func append(_ feature: Feature, to json: inout ByteBuffer) {
        json.append(#"{"name":"#)
        json.append(quoted: feature.name)
        switch feature.kind {
        case .numeric, .date, .text:
            json.append(#","kind":"#)
            json.append(quoted: feature.kind.name)
            json.append("}")
        case .categorical(let categories):
            json.append(#","kind":"categorical","categories":["#)
            append(categories, to: &json)
            json.append("]}")
        }
    }

    static func append(_ names: [String], to json: inout ByteBuffer) {
        for (index, name) in names.enumerated() {
            if index > 0 { json.append(",") }
            json.append(quoted: name)
        }
    }

    private static func append<Number: FixedWidthInteger>(_ numbers: [Number], to json: inout ByteBuffer) {
        for (index, number) in numbers.enumerated() {
            if index > 0 { json.append(",") }
            json.append(decimal: Int64(number))
        }
    }

    static func append(_ stage: PreprocessingStage, to json: inout ByteBuffer) {
        switch stage {
        case .impute: json.append(#"{"kind":"impute"}"#)
        case .scale: json.append(#"{"kind":"scale"}"#)
        case .affine: json.append(#"{"kind":"affine"}"#)
        case .select: json.append(#"{"kind":"select"}"#)
        case .recode: json.append(#"{"kind":"recode"}"#)
        case .encode(let encodings):
            json.append(#"{"kind":"encode","columns":["#)
            for (index, encoding) in encodings.enumerated() {
                if index > 0 { json.append(",") }
                switch encoding {
                case .pass: json.append(#"{"kind":"pass"}"#)
                case .ordinal: json.append(#"{"kind":"ordinal"}"#)
                case .oneHot(let categoryCount):
                    json.append(#"{"kind":"one_hot","category_count":"#)
                    json.append(decimal: Int64(categoryCount))
                    json.append("}")
                }
            }
            json.append("]}")
        case .categoryStatistics: json.append(#"{"kind":"category_statistics"}"#)
        case .columns(let columnStage): append(columnStage, to: &json)
        }
    }

    private static func append(_ output: OutputDescription, to json: inout ByteBuffer) {
        json.append(#"{"transform":"#)
        json.append(quoted: output.transform.rawValue)
        if output.divisor != 1 { append(#","divisor":"#, output.divisor, to: &json) }
        if output.slope != 1 { append(#","slope":"#, output.slope, to: &json) }
        if let labels = output.labels {
            json.append(#","labels":["#)
            switch labels {
            case .strings(let names): append(names, to: &json)
            case .integers(let numbers): append(numbers, to: &json)
            }
            json.append("]")
        }
        if output.predictsLabels { json.append(#","predicts":"labels""#) }
        if output.calibration != nil { json.append(#","calibration":"isotonic""#) }
        if let interval = output.interval {
            json.append(#","interval":{"kind":"#)
            json.append(quoted: interval.kind.rawValue)
            append(#","level":"#, interval.level, to: &json)
            append(#","radius":"#, interval.radius, to: &json)
            json.append("}")
        }
        json.append("}")
    }

    private static func append(_ statistics: TrainingStatistics, to json: inout ByteBuffer) {
        json.append(#"{"row_count":"#)
        json.append(decimal: Int64(statistics.rowCount))
        json.append(#","features":["#)
        append(statistics.features, to: &json)
        json.append("]")
        if let predictions = statistics.predictions {
            json.append(#","predictions":{"row_count":"#)
            json.append(decimal: Int64(predictions.rowCount))
            json.append(#","columns":["#)
            append(predictions.columns, to: &json)
            json.append("]")
            appendList(#","label_counts":["#, predictions.labelCounts, to: &json) {
                $1.append(decimal: Int64($0))
            }
            json.append("}")
        }
        json.append("}")
    }

    private static func append(_ features: [FeatureStatistics], to json: inout ByteBuffer) {
        for (index, feature) in features.enumerated() {
            json.append(index > 0 ? #",{"missing_count":"# : #"{"missing_count":"#)
            json.append(decimal: Int64(feature.missingCount))
            append(#","mean":"#, feature.mean, to: &json)
            append(#","standard_deviation":"#, feature.standardDeviation, to: &json)
            append(#","minimum":"#, feature.minimum, to: &json)
            append(#","maximum":"#, feature.maximum, to: &json)
            appendList(#","quantiles":["#, feature.quantiles, to: &json) { $1.append(shortest: $0) }
            appendList(#","category_counts":["#, feature.categoryCounts, to: &json) {
                $1.append(decimal: Int64($0))
            }
            json.append("}")
        }
    }

    /// A member that is a list; nothing for an empty one.
    ///
    /// - Parameter member: up to and with the opening bracket.
    static func appendList<Element>(
        _ member: StaticString, _ list: [Element], to json: inout ByteBuffer,
        _ appendElement: (Element, inout ByteBuffer) -> Void
    ) {
        if list.isEmpty { return }
        json.append(member)
        for (index, element) in list.enumerated() {
            if index > 0 { json.append(",") }
            appendElement(element, &json)
        }
        json.append("]")
    }

    static func append(_ member: StaticString, _ number: Double?, to json: inout ByteBuffer) {
        guard let number else { return }
        json.append(member)
        json.append(shortest: number)
    }

    private static func append(_ lineage: Lineage, to json: inout ByteBuffer) {
        json.append("{")
        let sorted = lineage.facts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (index, (name, value)) in sorted.enumerated() {
            if index > 0 { json.append(",") }
            json.append(quoted: name)
            json.append(":")
            json.append(quoted: value)
        }
        json.append("}")
    }
}
