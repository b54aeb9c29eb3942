// SPDX-License-Identifier: Apache-2.0
import Base

/// How stages of named columns stand in a file: docs/reference/model-format.md.
extension ColumnStage {
    var kind: String {
        switch operation {
        case .fill: "fill"
        case .missingIndicator: "missing_indicator"
        case .rescale: "rescale"
        case .multiplyAdd: "multiply_add"
        case .clip: "clip"
        case .function: "function"
        case .power(let family, _): family.rawValue
        case .quantile: "quantile"
        case .bin: "bin"
        case .oneHot: "one_hot"
        case .lookup: "lookup"
        case .dateParts: "date_parts"
        case .polynomial: "polynomial"
        case .normalize: "normalize"
        case .hash: "hash"
        case .textHash: "text_hash"
        case .termWeights: "term_weights"
        case .project: "project"
        case .keep: "keep"
        }
    }

    /// The stage's tensors, whose names begin with `prefix` and a point.
    func tensors(_ prefix: String) -> [(name: String, tensor: Tensor)] {
        switch operation {
        case .fill(let values): [("\(prefix).values", Tensor(values))]
        case .rescale(let offsets, let divisors):
            [("\(prefix).offsets", Tensor(offsets)), ("\(prefix).divisors", Tensor(divisors))]
        case .multiplyAdd(let multipliers, let addends):
            [("\(prefix).multipliers", Tensor(multipliers)), ("\(prefix).addends", Tensor(addends))]
        case .clip(let minimums, let maximums):
            [("\(prefix).minimums", Tensor(minimums)), ("\(prefix).maximums", Tensor(maximums))]
        case .power(_, let lambdas): [("\(prefix).lambdas", Tensor(lambdas))]
        case .quantile(let quantiles, let count, _):
            [("\(prefix).quantiles", Tensor(quantiles, shape: [inputs.count, count]))]
        case .bin(let edges):
            [
                ("\(prefix).starts", Tensor(GraphWriter.starts(edges.map(\.count)))),
                ("\(prefix).values", Tensor(edges.flatMap { $0 })),
            ]
        case .oneHot(let positions):
            [("\(prefix).positions", Tensor(positions.map { Int32(truncatingIfNeeded: $0) }))]
        case .lookup(let values):
            [
                (
                    "\(prefix).values",
                    Tensor(values, shape: [outputs.count, values.count / max(outputs.count, 1)])
                )
            ]
        case .polynomial(let powers):
            [("\(prefix).powers", Tensor(powers.map { Int32(truncatingIfNeeded: $0) }))]
        case .termWeights(_, let terms, let weights, _):
            [
                ("\(prefix).term_starts", Tensor(GraphWriter.starts(terms.map(\.utf8.count)))),
                ("\(prefix).term_bytes", Tensor(terms.flatMap { Array($0.utf8) })),
                ("\(prefix).weights", Tensor(weights)),
            ]
        case .project(let means, let components):
            [
                ("\(prefix).means", Tensor(means)),
                ("\(prefix).components", Tensor(components, shape: [outputs.count, inputs.count])),
            ]
        case .missingIndicator, .function, .dateParts, .normalize, .hash, .textHash, .keep: []
        }
    }
}

extension GraphWriter {
    static func append(_ stage: ColumnStage, to json: inout ByteBuffer) {
        json.append(#"{"kind":"#)
        json.append(quoted: stage.kind)
        json.append(#","inputs":["#)
        append(stage.inputs, to: &json)
        json.append(#"],"outputs":["#)
        append(stage.outputs, to: &json)
        json.append("]")
        switch stage.operation {
        case .function(let function): append("function", function.rawValue, to: &json)
        case .quantile(_, _, let distribution): append("distribution", distribution.rawValue, to: &json)
        case .dateParts(let parts):
            json.append(#","parts":["#)
            append(parts.map(\.rawValue), to: &json)
            json.append("]")
        case .normalize(let norm): append("norm", norm.rawValue, to: &json)
        case .hash(let rule): append("signed", rule.isSigned, to: &json)
        case .textHash(let rule, let norm):
            append(rule, norm, to: &json)
            append("signed", rule.isSigned, to: &json)
        case .termWeights(let rule, _, _, let norm):
            append(rule, norm, to: &json)
            append("sublinear", rule.isSublinear, to: &json)
        default: break
        }
        json.append("}")
    }

    private static func append(_ rule: TextRule, _ norm: Norm?, to json: inout ByteBuffer) {
        append("lowercase", rule.isLowercased, to: &json)
        json.append(#","words_min":"#)
        json.append(decimal: Int64(rule.wordsMin))
        json.append(#","words_max":"#)
        json.append(decimal: Int64(rule.wordsMax))
        if let norm { append("norm", norm.rawValue, to: &json) }
    }

    private static func append(_ member: String, _ word: String, to json: inout ByteBuffer) {
        json.append(",")
        json.append(quoted: member)
        json.append(":")
        json.append(quoted: word)
    }

    private static func append(_ member: String, _ flag: Bool, to json: inout ByteBuffer) {
        json.append(",")
        json.append(quoted: member)
        json.append(flag ? ":true" as StaticString : ":false")
    }
}

extension GraphReader {
    mutating func columnStage(
        _ stage: GraphDocument.Stage, part: String
    ) throws(FormatError) -> ColumnStage {
        guard let inputs = stage.inputs else {
            // What has no inputs is of no kind that is known.
            throw .unknownPart("stage kind \"\(stage.kind)\"")
        }
        guard let outputs = stage.outputs else { throw .missingPart("\(part).outputs") }
        return ColumnStage(
            inputs: inputs, outputs: outputs,
            operation: try operation(stage, inputs.count, outputs.count, part: part))
    }

    private mutating func operation(
        _ stage: GraphDocument.Stage, _ inputCount: Int, _ outputCount: Int, part: String
    ) throws(FormatError) -> ColumnOperation {
        switch stage.kind {
        case "fill": return .fill(values: try vector("\(part).values", .float64))
        case "missing_indicator": return .missingIndicator
        case "rescale":
            let offsets: [Double] = try vector("\(part).offsets", .float64)
            return .rescale(offsets: offsets, divisors: try vector("\(part).divisors", .float64))
        case "multiply_add":
            let multipliers: [Double] = try vector("\(part).multipliers", .float64)
            return .multiplyAdd(multipliers: multipliers, addends: try vector("\(part).addends", .float64))
        case "clip":
            let minimums: [Double] = try vector("\(part).minimums", .float64)
            return .clip(minimums: minimums, maximums: try vector("\(part).maximums", .float64))
        case "function": return .function(try word("function", of: stage, part))
        case "yeo_johnson", "box_cox":
            let family: PowerFamily = stage.kind == "box_cox" ? .boxCox : .yeoJohnson
            return .power(family, lambdas: try vector("\(part).lambdas", .float64))
        case "quantile":
            let quantiles: [Double] = try matrix("\(part).quantiles", .float64, rows: inputCount)
            return .quantile(
                quantiles: quantiles, count: quantiles.count / max(inputCount, 1),
                distribution: try word("distribution", of: stage, part))
        case "bin": return .bin(edges: try lists(part))
        case "one_hot":
            let positions: [Int32] = try vector("\(part).positions", .int32)
            return .oneHot(positions: positions.map { Int($0) })
        case "lookup": return .lookup(values: try matrix("\(part).values", .float64, rows: outputCount))
        case "date_parts": return .dateParts(try dateParts(stage, part))
        case "polynomial":
            let powers: [Int32] = try vector("\(part).powers", .int32)
            return .polynomial(powers: powers.map { Int($0) })
        case "normalize": return .normalize(try word("norm", of: stage, part))
        case "hash": return .hash(stage.text)
        case "text_hash":
            return .textHash(
                stage.text, norm: stage.words["norm"] == nil ? nil : try word("norm", of: stage, part))
        case "term_weights":
            let terms = try terms(part)
            return .termWeights(
                stage.text, terms: terms, weights: try vector("\(part).weights", .float64),
                norm: stage.words["norm"] == nil ? nil : try word("norm", of: stage, part))
        case "project":
            let means: [Double] = try vector("\(part).means", .float64)
            return .project(
                means: means, components: try matrix("\(part).components", .float64, rows: outputCount))
        case "keep": return .keep
        default: throw .unknownPart("stage kind \"\(stage.kind)\"")
        }
    }

    private func word<Word: RawRepresentable<String>>(
        _ member: String, of stage: GraphDocument.Stage, _ part: String
    ) throws(FormatError) -> Word {
        guard let text = stage.words[member] else { throw .missingPart("\(part).\(member)") }
        guard let word = Word(rawValue: text) else { throw .unknownPart("\(member) \"\(text)\" of \(part)") }
        return word
    }

    private func dateParts(
        _ stage: GraphDocument.Stage, _ part: String
    ) throws(FormatError) -> [DatePart] {
        guard let words = stage.parts else { throw .missingPart("\(part).parts") }
        var parts: [DatePart] = []
        for word in words {
            guard let known = DatePart(rawValue: word) else {
                throw .unknownPart("date part \"\(word)\" of \(part)")
            }
            parts.append(known)
        }
        return parts
    }

    private mutating func terms(_ part: String) throws(FormatError) -> [String] {
        let starts: [Int32] = try vector("\(part).term_starts", .int32)
        let bytes: [UInt8] = try vector("\(part).term_bytes", .uint8)
        var terms: [String] = []
        guard starts.first == 0, Int(starts.last ?? 0) == bytes.count else {
            throw .invalidValue(part: "\(part).term_starts", reason: "they do not cover the bytes")
        }
        for index in 0..<starts.count - 1 {
            guard starts[index] >= 0, starts[index] < starts[index + 1], Int(starts[index + 1]) <= bytes.count
            else { throw .invalidValue(part: "\(part).term_starts", reason: "they do not ascend") }
            let range = Int(starts[index])..<Int(starts[index + 1])
            guard let term = String(validating: bytes.span.extracting(range)) else {
                throw .invalidValue(part: "\(part).term_bytes", reason: "a term is not UTF-8")
            }
            terms.append(term)
        }
        return terms
    }
}
