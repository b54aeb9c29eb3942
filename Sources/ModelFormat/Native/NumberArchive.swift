// SPDX-License-Identifier: Apache-2.0
import Base

/// Named lists of numbers with facts, for what is no model but has to last: a training's checkpoint.
///
/// The file is a native container (docs/reference/model-format.md): a digest over the whole, no slack, and
/// metadata keys that begin with `modeld.archive.` in the place of a graph.
package struct NumberArchive: Sendable, Equatable {
    package var facts: [String: String] = [:]
    package var float64: [String: [Double]] = [:]
    package var float32: [String: [Float]] = [:]
    package var int64: [String: [Int64]] = [:]
    package var uint8: [String: [UInt8]] = [:]

    private static let keyPrefix = "modeld.archive."

    package init() {}

    /// The contents of a whole file; its digest and layout are checked.
    package init(_ bytes: Span<UInt8>) throws(FormatError) {
        let container = try ContainerReader(bytes)
        for (key, value) in container.metadata where key.hasPrefix(Self.keyPrefix) {
            facts[String(key.dropFirst(Self.keyPrefix.count))] = value
        }
        for entry in container.entries {
            let part = bytes.extracting(entry.range)
            switch entry.type {
            case .float64: float64[entry.name] = Tensor.numbers(Double.self, in: part)
            case .float32: float32[entry.name] = Tensor.numbers(Float.self, in: part)
            case .int64: int64[entry.name] = Tensor.numbers(Int64.self, in: part)
            case .uint8: uint8[entry.name] = Tensor.numbers(UInt8.self, in: part)
            default:
                throw .wrongType(
                    part: entry.name, expected: "F64, F32, I64 or U8", found: entry.type.rawValue)
            }
        }
    }

    /// The bytes of the file; the same contents give the same bytes. Names are used once over all lists.
    package func bytes() throws(FormatError) -> [UInt8] {
        var container = ContainerWriter()
        for name in float64.keys.sorted() { container.add(name, Tensor(float64[name] ?? [])) }
        for name in float32.keys.sorted() { container.add(name, Tensor(float32[name] ?? [])) }
        for name in int64.keys.sorted() { container.add(name, Tensor(int64[name] ?? [])) }
        for name in uint8.keys.sorted() { container.add(name, Tensor(uint8[name] ?? [])) }
        let metadata = facts.keys.sorted().map { (key: Self.keyPrefix + $0, value: facts[$0] ?? "") }
        return try container.finish(metadata: [(key: "modeld.format", value: "1")] + metadata)
    }
}
