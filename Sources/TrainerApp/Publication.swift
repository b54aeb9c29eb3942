// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import ModelFormat
import Registry

/// A model that stands in a registry.
struct Publication {
    var name: String
    var version: Int64
    var registry: String

    var path: String { "\(registry)/\(name)/\(version)" }

    /// Puts the model file into the registry as its next version; the registry's directory is made when
    /// absent.
    static func publish(
        _ bytes: [UInt8], name: String, registry: String, lineage: Lineage
    ) throws(AppError) -> Publication {
        try createDirectories(registry)
        let facts = lineage.facts.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        do {
            let version = try Publisher.publish(
                [Publisher.File(name: "model.safetensors", bytes: bytes)], model: name,
                registryPath: registry,
                facts: facts)
            return Publication(name: name, version: version.number, registry: registry)
        } catch {
            throw AppError(.cannotCreate, "not published: \(error.description)")
        }
    }

    /// Makes the directory and those above it where they are absent.
    static func createDirectories(_ path: String) throws(AppError) {
        var prefix = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            prefix += "/\(part)"
            // Safe because the string is passed as a C string that lives for the call.
            if unsafe mkdir(prefix, 0o755) != 0, errno != EEXIST {
                throw AppError(writing: SystemError("mkdir", on: prefix))
            }
        }
    }
}
