// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography

/// `manifest.json` of a version: docs/reference/model-store.md.
package struct Manifest: Sendable, Equatable {
    package struct File: Sendable, Equatable {
        package var name: String
        package var size: Int64
        /// Lower-case hexadecimal.
        package var sha256: String

        package init(name: String, size: Int64, sha256: String) {
            self.name = name
            self.size = size
            self.sha256 = sha256
        }
    }

    package var model: String
    package var version: ModelVersion
    package var files: [File]
    /// Facts of the run in their order.
    package var facts: [(name: String, value: String)]

    package static func == (left: Self, right: Self) -> Bool {
        left.model == right.model && left.version == right.version && left.files == right.files
            && left.facts.elementsEqual(right.facts, by: ==)
    }

    package init(model: String, version: ModelVersion, files: [File], facts: [(name: String, value: String)])
    {
        self.model = model
        self.version = version
        self.files = files
        self.facts = facts
    }

    static let sizeLimit = 1 << 20

    /// Whether this is the manifest of the version that stands there; in the simpler forms of a registry,
    /// where the operator says what a model is called, only what the path still says.
    ///
    /// - Throws: `wrongBinding`.
    func checkBinding(of listing: VersionListing) throws(RegistryError) {
        let isOther =
            switch listing.placement {
            case .registry: model != listing.model || version != listing.version
            case .model: version != listing.version
            case .alone: false
            }
        guard isOther else { return }
        throw .wrongBinding(directory: listing.path, published: "\(model)@\(version)")
    }

    /// The JSON text; the same manifest gives the same bytes.
    func write(into buffer: inout ByteBuffer) {
        buffer.append("{\n  \"modeld_manifest\": 1,\n  \"model\": ")
        buffer.append(quoted: model)
        buffer.append(",\n  \"version\": \(version),\n  \"files\": [")
        for (position, file) in files.enumerated() {
            buffer.append(position == 0 ? "\n    {" : ",\n    {")
            buffer.append("\n      \"name\": ")
            buffer.append(quoted: file.name)
            buffer.append(",\n      \"size\": \(file.size),\n      \"sha256\": \"\(file.sha256)\"\n    }")
        }
        buffer.append(files.isEmpty ? "],\n  \"facts\": {" : "\n  ],\n  \"facts\": {")
        for (position, fact) in facts.enumerated() {
            buffer.append(position == 0 ? "\n    " : ",\n    ")
            buffer.append(quoted: fact.name)
            buffer.append(": ")
            buffer.append(quoted: fact.value)
        }
        buffer.append(facts.isEmpty ? "}\n}\n" : "\n  }\n}\n")
    }

    /// - Throws: `malformedManifest`; `path` stands in the message.
    init(_ bytes: Span<UInt8>, path: String) throws(RegistryError) {
        do {
            self = try Self.parse(bytes)
        } catch let error as JSONError {
            let place = error.position(in: bytes)
            throw .malformedManifest(
                file: path, reason: "line \(place.line), column \(place.column): \(error.description)")
        } catch let error as Defect {
            throw .malformedManifest(file: path, reason: error.reason)
        } catch {
            throw .malformedManifest(file: path, reason: "cannot be read")
        }
    }

    private struct Defect: Error { var reason: String }

    private static func parse(_ bytes: Span<UInt8>) throws -> Manifest {
        var reader = JSONReader(bytes)
        var seen: Set<String> = []
        var format: Int64?
        var model: String?
        var version: Int64?
        var files: [File]?
        var facts: [(name: String, value: String)] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard seen.insert(key).inserted else { throw Defect(reason: "'\(key)' stands twice") }
            switch key {
            case "modeld_manifest": format = try reader.readInt64()
            case "model": model = try reader.readString()
            case "version": version = try reader.readInt64()
            case "files": files = try readFiles(&reader)
            case "facts":
                try reader.beginObject()
                while let name = try reader.nextKey() { facts.append((name, try reader.readString())) }
            default: _ = try reader.skipValue()
            }
        }
        try reader.expectEnd()
        guard format == 1 else { throw Defect(reason: "'modeld_manifest' must be 1") }
        guard let model else { throw Defect(reason: "'model' is missing") }
        guard let version, version >= 0 else { throw Defect(reason: "'version' is missing or negative") }
        guard let files else { throw Defect(reason: "'files' is missing") }
        guard Set(files.map(\.name)).count == files.count else { throw Defect(reason: "a file stands twice") }
        return Manifest(model: model, version: ModelVersion(version), files: files, facts: facts)
    }

    private static func readFiles(_ reader: inout JSONReader) throws -> [File] {
        var files: [File] = []
        try reader.beginArray()
        while try reader.nextElement() {
            var (name, size, digest): (String?, Int64?, String?) = (nil, nil, nil)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "name": name = try reader.readString()
                case "size": size = try reader.readInt64()
                case "sha256": digest = try reader.readString()
                default: _ = try reader.skipValue()
                }
            }
            guard let name, let size, let digest else {
                throw Defect(reason: "files[\(files.count)] needs 'name', 'size' and 'sha256'")
            }
            guard isFileName(name) else { throw Defect(reason: "files[\(files.count)] has no valid name") }
            files.append(File(name: name, size: size, sha256: digest))
        }
        return files
    }

    /// Whether a file of a version may be called so.
    static func isFileName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 255 && !name.hasPrefix(".") && name != Companion.manifest
            && !name.utf8.contains { $0 == 0x2F || $0 < 0x20 || $0 == 0x7F }
    }
}
