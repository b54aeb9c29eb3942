// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// `modeld.graph` as it is written: names of parts, no numbers of tensors; `kind`s are still plain words.
struct GraphDocument {
    struct Stage {
        var kind: String
        var columns: [Column]?
        var inputs: [String]?
        var outputs: [String]?
        /// Members whose value is a word: `function`, `distribution`, `norm`.
        var words: [String: String] = [:]
        var parts: [String]?
        var text = TextRule()
    }

    struct Column {
        var kind: String
        var categoryCount: Int?
    }

    var schema = FeatureSchema(features: [])
    var stages: [Stage] = []
    var estimatorKind = ""
    var activations: [String]?
    /// Of a row program.
    var inputWidth: Int?
    var rowSteps: [RowStepDocument]?
    var rules = RulesDocument()
    var transform = ""
    var divisor = 1.0
    var slope = 1.0
    var labels: ClassLabels?
    var predictsLabels = false
    var isCalibrated = false
    var interval: PredictionInterval?
    var statistics: TrainingStatistics?
    var lineage = Lineage()

    /// What `requires` may name: parts that came after the first readers, which would have skipped them.
    static let requirable: Set<String> = [
        numberTypePart, treeRulesPart, outputPart, predictsPart, narrowPart, calibrationPart,
        intervalPart,
    ]
    static let numberTypePart = "linear.number_type"
    static let treeRulesPart = "tree_ensemble.rules"
    static let outputPart = "output.divisor_slope"
    static let narrowPart = "tensors.narrow"
    static let predictsPart = "output.predicts"
    static let calibrationPart = "output.calibration"
    static let intervalPart = "output.interval"

    /// Parses rule 10 of docs/reference/model-format.md.
    init(_ text: Span<UInt8>) throws(FormatError) {
        var document = DocumentReader(text, part: "modeld.graph")
        var names = MemberNames()
        var requires: [String] = []
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "modeld.graph") {
            switch name {
            case "schema": try readSchema(&document)
            case "stages": stages = try GraphDocument.readStages(&document, of: "")
            case "estimator": try readEstimator(&document)
            case "output": try readOutput(&document)
            case "statistics": statistics = try document.readStatistics()
            case "lineage": lineage = try document.readLineage()
            case "requires": requires = try document.readStrings()
            default: try document.skipValue()
            }
        }
        try document.expectEnd()
        for part in requires where !GraphDocument.requirable.contains(part) {
            throw .unknownPart("\"\(part)\", which the graph requires,")
        }
        if schema.features.isEmpty { throw .missingPart("schema.features") }
        if estimatorKind.isEmpty { throw .missingPart("estimator.kind") }
        if transform.isEmpty { throw .missingPart("output.transform") }
    }

    private mutating func readSchema(_ document: inout DocumentReader) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "schema") {
            if name != "features" {
                try document.skipValue()
                continue
            }
            try document.beginArray()
            while try document.nextElement() { schema.features.append(try document.readFeature()) }
        }
    }

    /// - Parameter owner: the part of the graph that the stages belong to, empty for the graph itself.
    static func readStages(
        _ document: inout DocumentReader, of owner: String
    ) throws(FormatError) -> [Stage] {
        var stages: [Stage] = []
        try document.beginArray()
        while try document.nextElement() {
            let part = "\(owner.isEmpty ? "" : owner + ".")stages[\(stages.count)]"
            var stage = Stage(kind: "", columns: nil)
            var names = MemberNames()
            try document.beginObject()
            while let name = try document.nextMember(&names, of: part) {
                switch name {
                case "kind": stage.kind = try document.readString()
                case "columns": stage.columns = try GraphDocument.readColumns(&document, part: part)
                case "inputs": stage.inputs = try document.readStrings()
                case "outputs": stage.outputs = try document.readStrings()
                case "function", "distribution", "norm": stage.words[name] = try document.readString()
                case "parts": stage.parts = try document.readStrings()
                case "words_min": stage.text.wordsMin = Int(try document.readInt64())
                case "words_max": stage.text.wordsMax = Int(try document.readInt64())
                case "lowercase": stage.text.isLowercased = try document.readBool()
                case "sublinear": stage.text.isSublinear = try document.readBool()
                case "signed": stage.text.isSigned = try document.readBool()
                default: try document.skipValue()
                }
            }
            if stage.kind.isEmpty { throw .missingPart("\(part).kind") }
            stages.append(stage)
        }
        return stages
    }

    private static func readColumns(
        _ document: inout DocumentReader, part: String
    ) throws(FormatError) -> [Column] {
        var columns: [Column] = []
        try document.beginArray()
        while try document.nextElement() {
            let part = "\(part).columns[\(columns.count)]"
            var column = Column(kind: "", categoryCount: nil)
            var names = MemberNames()
            try document.beginObject()
            while let name = try document.nextMember(&names, of: part) {
                switch name {
                case "kind": column.kind = try document.readString()
                case "category_count": column.categoryCount = Int(try document.readInt64())
                default: try document.skipValue()
                }
            }
            if column.kind.isEmpty { throw .missingPart("\(part).kind") }
            columns.append(column)
        }
        return columns
    }

    private mutating func readEstimator(_ document: inout DocumentReader) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "estimator") {
            switch name {
            case "kind": estimatorKind = try document.readString()
            case "layers": activations = try GraphDocument.readLayers(&document)
            case "input_width": inputWidth = Int(try document.readInt64())
            case "steps": rowSteps = try GraphDocument.readSteps(&document)
            default: if try !rules.read(name, &document) { try document.skipValue() }
            }
        }
    }

    private static func readSteps(_ document: inout DocumentReader) throws(FormatError) -> [RowStepDocument] {
        var steps: [RowStepDocument] = []
        try document.beginArray()
        while try document.nextElement() {
            steps.append(try RowStepDocument(&document, part: "estimator.steps[\(steps.count)]"))
        }
        return steps
    }

    private static func readLayers(_ document: inout DocumentReader) throws(FormatError) -> [String] {
        var activations: [String] = []
        try document.beginArray()
        while try document.nextElement() {
            let part = "estimator.layers[\(activations.count)]"
            var activation = ""
            var names = MemberNames()
            try document.beginObject()
            while let name = try document.nextMember(&names, of: part) {
                if name == "activation" {
                    activation = try document.readString()
                } else {
                    try document.skipValue()
                }
            }
            if activation.isEmpty { throw .missingPart("\(part).activation") }
            activations.append(activation)
        }
        return activations
    }

    private mutating func readOutput(_ document: inout DocumentReader) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "output") {
            switch name {
            case "transform": transform = try document.readString()
            case "divisor": divisor = try document.readDouble()
            case "slope": slope = try document.readDouble()
            case "labels": labels = try document.readLabels()
            case "predicts": predictsLabels = try readPredicts(&document)
            case "calibration": isCalibrated = try readCalibration(&document)
            case "interval": interval = try readInterval(&document)
            default: try document.skipValue()
            }
        }
    }

    private func readCalibration(_ document: inout DocumentReader) throws(FormatError) -> Bool {
        let word = try document.readString()
        if word != "isotonic" { throw .unknownPart("output.calibration \"\(word)\"") }
        return true
    }

    private func readInterval(_ document: inout DocumentReader) throws(FormatError) -> PredictionInterval {
        let part = "output.interval"
        var kind: PredictionInterval.Kind?
        var (level, radius): (Double?, Double?) = (nil, nil)
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "kind":
                let word = try document.readString()
                kind = PredictionInterval.Kind(rawValue: word)
                if kind == nil { throw .unknownPart("\(part) \"\(word)\"") }
            case "level": level = try document.readDouble()
            case "radius": radius = try document.readDouble()
            default: try document.skipValue()
            }
        }
        guard let kind else { throw .missingPart("\(part).kind") }
        guard let level else { throw .missingPart("\(part).level") }
        guard let radius else { throw .missingPart("\(part).radius") }
        return PredictionInterval(level: level, radius: radius, kind: kind)
    }

    private func readPredicts(_ document: inout DocumentReader) throws(FormatError) -> Bool {
        let word = try document.readString()
        if word != "labels" { throw .unknownPart("output.predicts \"\(word)\"") }
        return true
    }
}
