// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Glibc
import ModelFormat
import Registry

/// A model that stands in a registry.
struct Publication {
    var name: String
    var version: Int64
    var registry: String

    var path: String { "\(registry)/\(name)/\(version)" }

    /// Puts the model file and its card into the registry as its next version; the registry's directory is
    /// made when absent.
    ///
    /// - Parameter facts: for the manifest.
    static func publish(
        _ bytes: [UInt8], card: String, name: String, registry: String,
        facts: [(name: String, value: String)], signedBy key: SigningKey?
    ) throws(AppError) -> Publication {
        try createDirectories(registry)
        do {
            let files = [
                Publisher.File(name: "model.safetensors", bytes: bytes),
                Publisher.File(name: "card.md", bytes: Array(card.utf8)),
            ]
            let version = try Publisher.publish(
                files, model: name, registryPath: registry, facts: facts, signedBy: key)
            return Publication(name: name, version: version.number, registry: registry)
        } catch {
            throw AppError(.cannotCreate, "not published: \(error.description)")
        }
    }

    /// The key in a PEM file.
    static func signingKey(_ path: String) throws(AppError) -> SigningKey {
        do {
            return try SigningKey(pem: String(decoding: try File.read(path, limit: 64 << 10), as: UTF8.self))
        } catch {
            throw AppError(.noInput, "\(path) cannot sign: \(error)")
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
