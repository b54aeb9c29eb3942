// SPDX-License-Identifier: Apache-2.0

/// How much memory a value holds, found by walking through everything inside it.
///
/// Counts what is in use, so that a model has the same size whenever it is loaded: exact for arrays that were
/// made in one piece, as those of numbers are; what others keep free for growth is not counted, names and
/// dictionaries are estimated. Nothing has to be told of a new kernel. Costs some 100 ns a stored property,
/// so it is for loading, not for requests.
struct MemoryFootprint {
    /// Bytes beside the value's own place.
    private(set) var bytes = 0
    private var seen: Set<ObjectIdentifier> = []
    /// Bounds the work on values with many parts; the rest is not counted.
    private var partsLeft = 100_000
    private static let depthMax = 24
    private static let headerBytes = 48

    static func of(_ value: Any) -> Int {
        var footprint = MemoryFootprint()
        footprint.add(value, depth: 0)
        return footprint.bytes
    }

    private mutating func add(_ value: Any, depth: Int) {
        guard depth < Self.depthMax, partsLeft > 0 else { return }
        partsLeft -= 1
        // Numbers and what consists of them hold nothing; to ask them for their parts took most of the time.
        if _openExistential(value, do: isPlain) { return }
        if let storage = value as? any MeasuredStorage {
            bytes += storage.storageBytes
            if !storage.hasParts { return }
        }
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .class {
            guard seen.insert(ObjectIdentifier(value as AnyObject)).inserted else { return }
            bytes += Self.headerBytes + 16 * mirror.children.count
        }
        for child in mirror.children { add(child.value, depth: depth + 1) }
    }
}

private func isPlain<Value>(_ value: Value) -> Bool { _isPOD(Value.self) }

/// What lies in one allocation of its own.
private protocol MeasuredStorage {
    var storageBytes: Int { get }
    /// Its elements may hold memory of their own.
    var hasParts: Bool { get }
}

extension Array: MeasuredStorage {
    fileprivate var storageBytes: Int { isEmpty ? 0 : 32 + count * MemoryLayout<Element>.stride }
    fileprivate var hasParts: Bool { !_isPOD(Element.self) }
}

extension Dictionary: MeasuredStorage {
    fileprivate var storageBytes: Int {
        isEmpty ? 0 : 64 + count * (MemoryLayout<Key>.stride + MemoryLayout<Value>.stride)
    }
    fileprivate var hasParts: Bool { !(_isPOD(Key.self) && _isPOD(Value.self)) }
}

extension String: MeasuredStorage {
    /// Up to 15 bytes lie in the string itself.
    fileprivate var storageBytes: Int { utf8.count <= 15 ? 0 : 32 + utf8.count }
    fileprivate var hasParts: Bool { false }
}

extension CompiledModel {
    /// About the bytes of memory that the model takes.
    package var memoryBytes: Int { MemoryFootprint.of(self) }
}
