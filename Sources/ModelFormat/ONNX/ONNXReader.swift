// SPDX-License-Identifier: Apache-2.0

/// Reads ONNX files (docs/reference/onnx.md): protobuf, the messages that inference needs, the rest skipped.
package enum ONNXReader {
    package struct File {
        package var graph: OperatorGraph
        package var irVersion: Int
        package var producer: String
        package var metadata: [String: String]
    }

    /// Whether the bytes begin like an ONNX model: its version, then another of its fields.
    package static func begins(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 4 && bytes[0] == 0x08 && (1...0x40).contains(bytes[1])
            && [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42].contains(bytes[2])
    }

    /// - Parameter external: gives the bytes of tensors that lie in other files.
    package static func read(
        _ bytes: Span<UInt8>, external: any ExternalTensorData = NoExternalTensorData()
    ) throws(FormatError) -> File {
        var reader = ProtobufReader(bytes, part: "the ONNX model")
        var operatorSets: [String: Int] = [:]
        var graphRange: Range<Int>?
        var functionRanges: [Range<Int>] = []
        var file = File(
            graph: OperatorGraph(
                name: "", operatorSets: [:], inputs: [], outputs: [], constants: [], nodes: []),
            irVersion: 0, producer: "", metadata: [:])
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .varint): file.irVersion = Int(truncatingIfNeeded: try reader.readVarint())
            case (2, .bytes): file.producer = try reader.readString()
            case (7, .bytes): graphRange = try reader.readRange()
            case (8, .bytes):
                try readOperatorSet(bytes.extracting(try reader.readRange()), into: &operatorSets)
            case (14, .bytes):
                let range = try reader.readRange()
                let (key, value) = try readPair(bytes.extracting(range), part: "metadata_props")
                if file.metadata.count < ONNXLimits.attributesMax { file.metadata[key] = value }
            case (25, .bytes):
                guard functionRanges.count < ONNXLimits.attributesMax * 16 else {
                    throw .invalidValue(part: "the ONNX model", reason: "it has too many functions")
                }
                functionRanges.append(try reader.readRange())
            case (7, _), (8, _), (1, _):
                throw .invalidValue(part: "the ONNX model", reason: "field \(field.number) is no message")
            default: try reader.skip(field.wire)
            }
        }
        guard (1...64).contains(file.irVersion) else {
            throw .unsupportedVersion(part: "ir_version", found: "\(file.irVersion)")
        }
        guard let graphRange else { throw .missingPart("the graph of the ONNX model") }
        // Files without a list are older than operator sets; the first is meant.
        if operatorSets.isEmpty { operatorSets[""] = 1 }
        file.graph = try ONNXGraphReader(operatorSets: operatorSets, external: external)
            .read(bytes.extracting(graphRange), depth: 0)
        // Most files are in order, which is found out sooner than put.
        if (try? file.graph.validate(outer: [])) == nil { file.graph.sortNodes() }
        if !functionRanges.isEmpty {
            var functions: [ONNXFunction] = []
            for range in functionRanges {
                functions.append(
                    try ONNXGraphReader(operatorSets: operatorSets, external: external)
                        .readFunction(bytes.extracting(range)))
            }
            var inliner = ONNXFunctionInliner(functions)
            file.graph = try inliner.inline(file.graph)
        }
        try file.graph.validate(outer: [])
        return file
    }

    /// The standard set is listed as "" or as `ai.onnx`; exporters list a set twice, then with the same
    /// version.
    static func readOperatorSet(
        _ bytes: Span<UInt8>, into sets: inout [String: Int]
    ) throws(FormatError) {
        var reader = ProtobufReader(bytes, part: "opset_import")
        var domain = ""
        var version = 0
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .bytes): domain = try reader.readString()
            case (2, .varint): version = Int(truncatingIfNeeded: try reader.readVarint())
            default: try reader.skip(field.wire)
            }
        }
        if domain == "ai.onnx" { domain = "" }
        guard (1...1_000).contains(version) else {
            throw .unsupportedVersion(part: "operator set \"\(domain)\"", found: "\(version)")
        }
        guard sets.count < ONNXLimits.attributesMax else {
            throw .invalidValue(part: "opset_import", reason: "too many operator sets")
        }
        sets[domain] = max(version, sets[domain] ?? 0)
    }

    /// A StringStringEntryProto.
    static func readPair(_ bytes: Span<UInt8>, part: String) throws(FormatError) -> (String, String) {
        var reader = ProtobufReader(bytes, part: part)
        var key = ""
        var value = ""
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .bytes): key = try reader.readString()
            case (2, .bytes): value = try reader.readString()
            default: try reader.skip(field.wire)
            }
        }
        return (key, value)
    }
}
