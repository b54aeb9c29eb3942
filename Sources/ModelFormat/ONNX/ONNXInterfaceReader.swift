// SPDX-License-Identifier: Apache-2.0

/// Reads of an ONNX file what another engine's caller must know, its inputs and outputs, and leaves the rest
/// to that engine.
///
/// The file is walked through once all the same: a tensor that lies in another file is refused wherever it
/// stands, because the engine would open whatever path the model names.
struct ONNXInterfaceReader {
    /// - Returns: the graph with its inputs and outputs, and without nodes and constants.
    static func readGraph(_ bytes: Span<UInt8>) throws(FormatError) -> OperatorGraph {
        let values = ONNXGraphReader(operatorSets: [:], external: NoExternalTensorData())
        var reader = ProtobufReader(bytes, part: "the ONNX graph")
        var graph = OperatorGraph(
            name: "", operatorSets: [:], inputs: [], outputs: [], constants: [], nodes: [])
        var constantNames: Set<String> = []
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (2, .bytes): graph.name = try reader.readString()
            case (5, .bytes):
                let range = try reader.readRange()
                constantNames.insert(try readTensor(bytes.extracting(range)))
            case (11, .bytes), (12, .bytes):
                let range = try reader.readRange()
                let value = try values.readValue(bytes.extracting(range))
                guard graph.inputs.count + graph.outputs.count < ONNXLimits.portsMax else {
                    throw .invalidValue(part: "the ONNX graph", reason: "it has too many inputs or outputs")
                }
                if field.number == 11 { graph.inputs.append(value) } else { graph.outputs.append(value) }
            case (1, .bytes):
                let range = try reader.readRange()
                try checkNode(bytes.extracting(range), depth: 0)
            case (15, .bytes):
                let range = try reader.readRange()
                try checkSparse(bytes.extracting(range))
            default: try reader.skip(field.wire)
            }
        }
        graph.inputs.removeAll { constantNames.contains($0.name) }
        try checkNames(graph)
        return graph
    }

    private static func checkNames(_ graph: OperatorGraph) throws(FormatError) {
        if graph.outputs.isEmpty {
            throw .invalidValue(part: "the ONNX graph", reason: "it has no output")
        }
        for (values, part) in [(graph.inputs, "the graph's inputs"), (graph.outputs, "the graph's outputs")] {
            var seen: Set<String> = []
            for value in values {
                // A NUL would end the name for the engine.
                if value.name.isEmpty || value.name.utf8.contains(0) {
                    throw .invalidValue(part: part, reason: "a name is empty or holds a NUL")
                }
                if !seen.insert(value.name).inserted { throw .duplicateName(part: part, name: value.name) }
            }
        }
    }

    // MARK: Tensors that lie elsewhere

    /// - Returns: the tensor's name.
    private static func readTensor(_ bytes: Span<UInt8>) throws(FormatError) -> String {
        var reader = ProtobufReader(bytes, part: "a tensor")
        var name = ""
        var isExternal = false
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (8, .bytes): name = try reader.readString()
            case (13, _):
                isExternal = true
                try reader.skip(field.wire)
            case (14, .varint): if try reader.readVarint() != 0 { isExternal = true }
            default: try reader.skip(field.wire)
            }
        }
        guard !isExternal else {
            throw .unsupported(
                part: "the tensor \"\(name)\" in another file",
                advice: "ONNX Runtime is not given other files; save the model with its weights inside")
        }
        return name
    }

    /// A SparseTensorProto: values and indices.
    private static func checkSparse(_ bytes: Span<UInt8>) throws(FormatError) {
        var reader = ProtobufReader(bytes, part: "a sparse tensor")
        while let field = try reader.nextField() {
            guard (1...2).contains(field.number), field.wire == .bytes else {
                try reader.skip(field.wire)
                continue
            }
            let range = try reader.readRange()
            _ = try readTensor(bytes.extracting(range))
        }
    }

    static func checkNode(_ bytes: Span<UInt8>, depth: Int) throws(FormatError) {
        var reader = ProtobufReader(bytes, part: "a node")
        while let field = try reader.nextField() {
            guard field.number == 5, field.wire == .bytes else {
                try reader.skip(field.wire)
                continue
            }
            let range = try reader.readRange()
            try checkAttribute(bytes.extracting(range), depth: depth)
        }
    }

    private static func checkAttribute(_ bytes: Span<UInt8>, depth: Int) throws(FormatError) {
        var reader = ProtobufReader(bytes, part: "an attribute")
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (5, .bytes), (10, .bytes):
                let range = try reader.readRange()
                _ = try readTensor(bytes.extracting(range))
            case (6, .bytes), (11, .bytes):
                let range = try reader.readRange()
                try checkGraph(bytes.extracting(range), depth: depth + 1)
            case (22, .bytes), (23, .bytes):
                let range = try reader.readRange()
                try checkSparse(bytes.extracting(range))
            default: try reader.skip(field.wire)
            }
        }
    }

    private static func checkGraph(_ bytes: Span<UInt8>, depth: Int) throws(FormatError) {
        guard depth < ONNXLimits.depthMax else {
            throw .invalidValue(
                part: "the ONNX graph", reason: "graphs are nested more than \(ONNXLimits.depthMax) deep")
        }
        var reader = ProtobufReader(bytes, part: "the ONNX graph")
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .bytes):
                let range = try reader.readRange()
                try checkNode(bytes.extracting(range), depth: depth)
            case (5, .bytes):
                let range = try reader.readRange()
                _ = try readTensor(bytes.extracting(range))
            case (15, .bytes):
                let range = try reader.readRange()
                try checkSparse(bytes.extracting(range))
            default: try reader.skip(field.wire)
            }
        }
    }
}

extension ONNXReader {
    /// The file's inputs, outputs and facts; whatever operators, element types and attributes it has.
    package static func readInterface(_ bytes: Span<UInt8>) throws(FormatError) -> File {
        var reader = ProtobufReader(bytes, part: "the ONNX model")
        var file = File(
            graph: OperatorGraph(
                name: "", operatorSets: [:], inputs: [], outputs: [], constants: [], nodes: []),
            irVersion: 0, producer: "", metadata: [:])
        var hasGraph = false
        while let field = try reader.nextField() {
            switch (field.number, field.wire) {
            case (1, .varint): file.irVersion = Int(truncatingIfNeeded: try reader.readVarint())
            case (2, .bytes): file.producer = try reader.readString()
            case (7, .bytes):
                // Protobuf merges a message that comes twice; which engine would read what is not worth it.
                guard !hasGraph else { throw .duplicateName(part: "the ONNX model", name: "graph") }
                hasGraph = true
                let range = try reader.readRange()
                file.graph = try ONNXInterfaceReader.readGraph(bytes.extracting(range))
            case (14, .bytes):
                let range = try reader.readRange()
                let (key, value) = try readPair(bytes.extracting(range), part: "metadata_props")
                if file.metadata.count < ONNXLimits.attributesMax { file.metadata[key] = value }
            case (25, .bytes):
                let range = try reader.readRange()
                try checkFunction(bytes.extracting(range))
            default: try reader.skip(field.wire)
            }
        }
        guard hasGraph else { throw .missingPart("the graph of the ONNX model") }
        return file
    }

    private static func checkFunction(_ bytes: Span<UInt8>) throws(FormatError) {
        var reader = ProtobufReader(bytes, part: "a function")
        while let field = try reader.nextField() {
            guard field.number == 7, field.wire == .bytes else {
                try reader.skip(field.wire)
                continue
            }
            let range = try reader.readRange()
            try ONNXInterfaceReader.checkNode(bytes.extracting(range), depth: 0)
        }
    }
}
