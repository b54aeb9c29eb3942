// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// The self-contained values of `modeld.graph` and `modeld.samples`.
extension DocumentReader {
    mutating func readFeature() throws(FormatError) -> Feature {
        var feature: String?
        var kind: String?
        var categories: [String]?
        var names = MemberNames()
        try beginObject()
        while let name = try nextMember(&names, of: "a feature") {
            switch name {
            case "name": feature = try readString()
            case "kind": kind = try readString()
            case "categories": categories = try readStrings()
            default: try skipValue()
            }
        }
        guard let feature else { throw .missingPart("the name of a feature") }
        switch kind {
        case nil: throw .missingPart("the kind of feature \"\(feature)\"")
        case "numeric": return Feature(name: feature, kind: .numeric)
        case "date": return Feature(name: feature, kind: .date)
        case "text": return Feature(name: feature, kind: .text)
        case "categorical":
            guard let categories else { throw .missingPart("the categories of feature \"\(feature)\"") }
            return Feature(name: feature, kind: .categorical(categories: categories))
        case let other?: throw .unknownPart("kind \"\(other)\" of feature \"\(feature)\"")
        }
    }

    /// All strings or all integers.
    mutating func readLabels() throws(FormatError) -> ClassLabels {
        var strings: [String] = []
        var integers: [Int64] = []
        try beginArray()
        while try nextElement() {
            if try peek() == .string {
                strings.append(try readString())
            } else {
                integers.append(try readInt64())
            }
        }
        if !strings.isEmpty && !integers.isEmpty {
            throw unexpected("labels are all strings or all integers")
        }
        return strings.isEmpty ? .integers(integers) : .strings(strings)
    }

    mutating func readLineage() throws(FormatError) -> Lineage {
        var lineage = Lineage()
        var names = MemberNames()
        try beginObject()
        while let name = try nextMember(&names, of: "lineage") { lineage.facts[name] = try readString() }
        return lineage
    }

    mutating func readStatistics() throws(FormatError) -> TrainingStatistics {
        var rowCount: Int64?
        var features: [FeatureStatistics] = []
        var predictions: PredictionStatistics?
        var names = MemberNames()
        try beginObject()
        while let name = try nextMember(&names, of: "statistics") {
            switch name {
            case "row_count": rowCount = try readInt64()
            case "features":
                try beginArray()
                while try nextElement() { features.append(try readFeatureStatistics()) }
            case "predictions": predictions = try readPredictionStatistics()
            default: try skipValue()
            }
        }
        guard let rowCount else { throw .missingPart("statistics.row_count") }
        return TrainingStatistics(rowCount: Int(rowCount), features: features, predictions: predictions)
    }

    private mutating func readPredictionStatistics() throws(FormatError) -> PredictionStatistics {
        var rowCount: Int64?
        var facts = PredictionStatistics(rowCount: 0, columns: [])
        var names = MemberNames()
        try beginObject()
        while let name = try nextMember(&names, of: "statistics.predictions") {
            switch name {
            case "row_count": rowCount = try readInt64()
            case "columns":
                try beginArray()
                while try nextElement() { facts.columns.append(try readFeatureStatistics()) }
            case "label_counts": facts.labelCounts = try readIntegers(limit: .max, of: name)
            default: try skipValue()
            }
        }
        guard let rowCount else { throw .missingPart("statistics.predictions.row_count") }
        facts.rowCount = Int(rowCount)
        return facts
    }

    private mutating func readFeatureStatistics() throws(FormatError) -> FeatureStatistics {
        var missingCount: Int64?
        var facts = FeatureStatistics(missingCount: 0)
        var names = MemberNames()
        try beginObject()
        while let name = try nextMember(&names, of: "the statistics of a feature") {
            switch name {
            case "missing_count": missingCount = try readInt64()
            case "mean": facts.mean = try readDouble()
            case "standard_deviation": facts.standardDeviation = try readDouble()
            case "minimum": facts.minimum = try readDouble()
            case "maximum": facts.maximum = try readDouble()
            case "quantiles":
                try beginArray()
                while try nextElement() { facts.quantiles.append(try readDouble()) }
            case "category_counts": facts.categoryCounts = try readIntegers(limit: .max, of: name)
            default: try skipValue()
            }
        }
        guard let missingCount else { throw .missingPart("missing_count of a feature's statistics") }
        facts.missingCount = Int(missingCount)
        return facts
    }

    mutating func readSamples() throws(FormatError) -> [GoldenSample] {
        var samples: [GoldenSample] = []
        try beginArray()
        while try nextElement() { samples.append(try readSample(part: "samples[\(samples.count)]")) }
        try expectEnd()
        return samples
    }

    private mutating func readSample(part: String) throws(FormatError) -> GoldenSample {
        var inputs: [SampleValue]?
        var predictions: [Double]?
        var tolerance: Double?
        var names = MemberNames()
        try beginObject()
        while let name = try nextMember(&names, of: part) {
            switch name {
            case "inputs": inputs = try readSampleValues()
            case "predictions":
                var numbers: [Double] = []
                try beginArray()
                while try nextElement() { numbers.append(try readDouble()) }
                predictions = numbers
            case "tolerance": tolerance = try readDouble()
            default: try skipValue()
            }
        }
        guard let inputs else { throw .missingPart("\(part).inputs") }
        guard let predictions else { throw .missingPart("\(part).predictions") }
        guard let tolerance else { throw .missingPart("\(part).tolerance") }
        return GoldenSample(inputs: inputs, predictions: predictions, tolerance: tolerance)
    }

    private mutating func readSampleValues() throws(FormatError) -> [SampleValue] {
        var values: [SampleValue] = []
        try beginArray()
        while try nextElement() {
            switch try peek() {
            case .null:
                try readNull()
                values.append(.missing)
            case .string: values.append(.category(try readString()))
            default: values.append(.number(try readDouble()))
            }
        }
        return values
    }
}
