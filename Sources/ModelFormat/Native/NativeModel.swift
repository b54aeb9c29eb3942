// SPDX-License-Identifier: Apache-2.0
import Base

/// Reads and writes native model files: docs/reference/model-format.md.
public enum NativeModel {
    /// The graph in `bytes`, which are a whole file; its digest, its layout and every value are checked.
    ///
    /// - Complexity: one pass for the digest, then O(numbers); memory about the size of the file.
    public static func read(_ bytes: Span<UInt8>) throws(FormatError) -> ModelGraph {
        try read(bytes, depth: 0)
    }

    /// - Parameter depth: in how many other models this one lies.
    static func read(_ bytes: Span<UInt8>, depth: Int) throws(FormatError) -> ModelGraph {
        let container = try ContainerReader(bytes)
        var reader = GraphReader(bytes, entries: container.entries)
        reader.depth = depth
        return try graph(container.metadata, reader)
    }

    /// The graph that the metadata describe, with the reader's tensors.
    static func graph(
        _ metadata: [String: String], _ tensors: consuming GraphReader
    ) throws(FormatError) -> ModelGraph {
        guard let graphText = metadata["modeld.graph"] else { throw .missingPart("modeld.graph") }
        let graphBytes = Array(graphText.utf8)
        let document = try GraphDocument(graphBytes.span)
        var samples: [GoldenSample] = []
        if let samplesText = metadata["modeld.samples"] {
            let samplesBytes = Array(samplesText.utf8)
            var reader = DocumentReader(samplesBytes.span, part: "modeld.samples")
            samples = try reader.readSamples()
        }
        var tensors = tensors
        let graph = try tensors.graph(document, samples: samples)
        try graph.validate()
        return graph
    }

    /// The bytes of the file for `graph`, which is validated first; the same graph gives the same bytes.
    ///
    /// - Parameter isNarrow: numbers are written in fewer bytes where that loses nothing; readers before 0.2
    ///   refuse such a file by name.
    public static func write(_ graph: ModelGraph, isNarrow: Bool = false) throws(FormatError) -> [UInt8] {
        try graph.validate()
        var container = ContainerWriter()
        let tensors = try isNarrow ? GraphWriter.narrowed(graph) : GraphWriter.tensors(graph)
        for (name, tensor) in tensors { container.add(name, tensor) }
        var metadata = [
            ("modeld.format", "1"), ("modeld.graph", GraphWriter.graphText(graph, isNarrow: isNarrow)),
        ]
        if !graph.goldenSamples.isEmpty {
            metadata.append(("modeld.samples", GraphWriter.samplesText(graph.goldenSamples)))
        }
        return try container.finish(metadata: metadata)
    }

    /// Writes `graph` to `path`: a reader sees the old file or the new one, whole, and nothing else is left.
    public static func writeFile(_ graph: ModelGraph, to path: String) throws(FormatError) {
        let bytes = try write(graph)
        do {
            try AtomicFile.write(bytes.span, to: path)
        } catch {
            throw .notWritten(path: path, reason: error.description)
        }
    }
}
