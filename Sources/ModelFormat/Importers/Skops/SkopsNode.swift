// SPDX-License-Identifier: Apache-2.0
import Base

/// One object of a skops schema: what class it is, by which loader skops would make it, and its content.
struct SkopsNode {
    let value: JSONValue
    /// Where it is in the model, for errors.
    let path: String

    var loader: String { value["__loader__"]?.string ?? "nothing" }
    var className: String { value["__class__"]?.string ?? "" }
    var module: String { value["__module__"]?.string ?? "" }

    /// The members of an object's state or of a dictionary.
    var members: JSONObject? {
        if loader == "DictNode" { return value["content"]?.object }
        // The state of an object is a dictionary in turn.
        guard let state = value["content"], state["__loader__"]?.string == "DictNode" else { return nil }
        return state["content"]?.object
    }

    /// A member, or nil when there is none or it is None.
    subscript(name: String) -> SkopsNode? {
        guard let value = members?[name] else { return nil }
        let node = SkopsNode(value: value, path: "\(path).\(name)")
        return node.scalar == .null ? nil : node
    }

    func require(_ name: String) throws(FormatError) -> SkopsNode {
        guard let node = self[name] else { throw .missingPart("\(path).\(name)") }
        return node
    }

    /// A member that other versions have under another name.
    func require(_ name: String, or other: String) throws(FormatError) -> SkopsNode {
        if let node = self[name] { return node }
        return try require(other)
    }

    /// The elements of a list, tuple or array of objects.
    var items: [SkopsNode]? {
        guard ["ListNode", "TupleNode", "NdArrayNode", "SetNode"].contains(loader),
            let elements = value["content"]?.array
        else { return nil }
        return elements.enumerated().map { SkopsNode(value: $1, path: "\(path)[\($0)]") }
    }

    /// A number, string, boolean or null that stands in the schema itself, as JSON in a string.
    var scalar: JSONValue? {
        guard loader == "JsonNode", let text = value["content"]?.string else { return nil }
        let bytes = Array(text.utf8)
        return try? JSONValue.parse(bytes.span, options: .allowsNonFinite)
    }

    func string(_ name: String) -> String? { self[name]?.scalar?.string }

    func flag(_ name: String) -> Bool? { self[name]?.scalar?.bool }
}
