// SPDX-License-Identifier: Apache-2.0

/// Reads one small YAML document, as people write for configuration and policy, into a `YAMLValue`.
///
/// The accepted language is YAML 1.1 without the parts that surprise or can be abused: no anchors and aliases
/// (so that no document can grow while it is read), no tags, no merge keys, no key twice, one document a
/// file.
package enum YAMLDocument {
    /// What a document may cost; the defaults fit any file that a person writes.
    package struct Limits: Sendable {
        /// Size of the text.
        package var bytes = 1 << 20
        /// Levels of lists and mappings inside each other; the builder recurses, so it is also a stack bound.
        package var depth = 32
        /// Scalars, lists, mappings and keys together.
        package var nodes = 100_000

        package init() {}
    }

    /// The document's value; nil when there is none (nothing but comments, or an empty value).
    /// - Complexity: O(bytes); time and memory are bounded by `limits`.
    package static func parse(
        _ text: Span<UInt8>, limits: Limits = Limits()
    ) throws(YAMLError) -> YAMLValue? {
        guard text.count <= limits.bytes else {
            throw YAMLError(.tooManyBytes(limit: limits.bytes), at: YAMLMark(line: 1, column: 1))
        }
        // Safe because the reader lives inside the closure and so does not outlive the span's memory.
        return unsafe try text.withUnsafeBufferPointer { input throws(YAMLError) -> YAMLValue? in
            guard let reader = unsafe YAMLEventReader(input) else {
                throw YAMLError(.outOfMemory, at: YAMLMark(line: 1, column: 1))
            }
            var builder = YAMLBuilder(reader, limits: limits)
            return try builder.document()
        }
    }
}

/// Turns events into values by recursive descent, bounded by `Limits.depth`.
private struct YAMLBuilder: ~Copyable {
    private var reader: YAMLEventReader
    private let limits: YAMLDocument.Limits
    private var nodes = 0

    init(_ reader: consuming YAMLEventReader, limits: YAMLDocument.Limits) {
        self.reader = reader
        self.limits = limits
    }

    mutating func document() throws(YAMLError) -> YAMLValue? {
        guard try reader.next().event == .documentStart else { return nil }
        let (event, mark) = try reader.next()
        let root = try value(startingWith: event, at: mark, depth: 0)
        _ = try reader.next()
        let (end, endMark) = try reader.next()
        guard end == .streamEnd else { throw YAMLError(.severalDocuments, at: endMark) }
        return root.isNull ? nil : root
    }

    private mutating func value(
        startingWith event: YAMLEvent, at mark: YAMLMark, depth: Int
    ) throws(YAMLError) -> YAMLValue {
        try count(at: mark)
        switch event {
        case .scalar(let text, let isPlain): return YAMLValue(.scalar(text, isPlain: isPlain), at: mark)
        case .sequenceStart: return YAMLValue(.sequence(try sequence(at: mark, depth: depth + 1)), at: mark)
        case .mappingStart: return YAMLValue(.mapping(try mapping(at: mark, depth: depth + 1)), at: mark)
        case .documentStart, .documentEnd, .streamEnd, .sequenceEnd, .mappingEnd:
            throw YAMLError(.syntax("a value was expected"), at: mark)
        }
    }

    private mutating func sequence(at start: YAMLMark, depth: Int) throws(YAMLError) -> [YAMLValue] {
        guard depth <= limits.depth else { throw YAMLError(.tooDeep(limit: limits.depth), at: start) }
        var elements: [YAMLValue] = []
        while true {
            let (event, mark) = try reader.next()
            if event == .sequenceEnd { return elements }
            elements.append(try value(startingWith: event, at: mark, depth: depth))
        }
    }

    private mutating func mapping(at start: YAMLMark, depth: Int) throws(YAMLError) -> [YAMLValue.Entry] {
        guard depth <= limits.depth else { throw YAMLError(.tooDeep(limit: limits.depth), at: start) }
        var entries: [YAMLValue.Entry] = []
        var seen: [String: YAMLMark] = [:]
        while true {
            let (event, keyMark) = try reader.next()
            if event == .mappingEnd { return entries }
            guard case .scalar(let key, let isPlain) = event else {
                throw YAMLError(.keyNotScalar, at: keyMark)
            }
            if isPlain && key == "<<" { throw YAMLError(.mergeKey, at: keyMark) }
            if let first = seen.updateValue(keyMark, forKey: key) {
                throw YAMLError(.duplicateKey(key, first: first), at: keyMark)
            }
            try count(at: keyMark)
            let (valueEvent, valueMark) = try reader.next()
            let value = try value(startingWith: valueEvent, at: valueMark, depth: depth)
            entries.append(YAMLValue.Entry(key: key, keyMark: keyMark, value: value))
        }
    }

    private mutating func count(at mark: YAMLMark) throws(YAMLError) {
        nodes += 1
        guard nodes <= limits.nodes else { throw YAMLError(.tooManyNodes(limit: limits.nodes), at: mark) }
    }
}
