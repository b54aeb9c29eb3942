// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography

/// What a model's signature says: an in-toto statement with the SHA-256 of every file of the version.
struct SignedStatement: Equatable {
    struct File: Equatable {
        /// Relative to the version's directory.
        var name: String
        /// Lower-case hexadecimal.
        var sha256: String
    }

    /// The name of the directory that was signed; says nothing, because the manifest binds the name.
    var subject: String
    /// In byte order of their names.
    var files: [File]

    private static let statementType = "https://in-toto.io/Statement/v1"
    private static let predicateType = "https://model_signing/signature/v1.0"

    init(subject: String, files: [File]) {
        self.subject = subject
        self.files = files.sorted { $0.name.unicodeScalars.lexicographicallyPrecedes($1.name.unicodeScalars) }
    }

    /// - Throws: `malformedSignature`: also for what is valid but leaves something open, like other digests.
    init(_ payload: Span<UInt8>) throws(TrustDefect) {
        let document: JSONValue
        do {
            document = try JSONValue.parse(payload)
        } catch {
            throw .malformedSignature(reason: "the signed statement is no JSON: \(error.description)")
        }
        guard document["_type"]?.string == Self.statementType,
            document["predicateType"]?.string == Self.predicateType
        else {
            throw .malformedSignature(reason: "the statement is none about a model, version 1.0")
        }
        guard let subjects = document["subject"]?.array, subjects.count == 1,
            let root = subjects[0]["digest"]?["sha256"]?.string
        else {
            throw .malformedSignature(reason: "the statement needs one subject with a SHA-256")
        }
        let predicate = document["predicate"]
        guard let serialization = predicate?["serialization"], serialization["method"]?.string == "files",
            serialization["hash_type"]?.string == "sha256"
        else {
            throw .malformedSignature(
                reason: "files are signed whole and by SHA-256 here; sign again with the tool's defaults")
        }
        guard let resources = predicate?["resources"]?.array else {
            throw .malformedSignature(reason: "the statement has no 'resources'")
        }
        subject = subjects[0]["name"]?.string ?? ""
        files = []
        try read(resources, root: root)
    }

    private mutating func read(_ resources: [JSONValue], root: String) throws(TrustDefect) {
        var names: Set<String> = []
        var whole = SHA256()
        for resource in resources {
            guard let name = resource["name"]?.string, resource["algorithm"]?.string == "sha256",
                let digest = resource["digest"]?.string, let bytes = Digest(hexadecimal: digest)?.bytes
            else {
                throw .malformedSignature(reason: "a resource needs 'name', 'algorithm' sha256 and 'digest'")
            }
            guard names.insert(name).inserted else {
                throw .malformedSignature(reason: "the file \(name) stands twice")
            }
            whole.update(bytes.span)
            files.append(File(name: name, sha256: digest))
        }
        guard whole.finish().hexadecimal == root else {
            throw .malformedSignature(reason: "the subject's digest is not that of the resources")
        }
    }

    /// The JSON text that is signed.
    var encoded: [UInt8] {
        var whole = SHA256()
        for file in files {
            let digest = Digest(hexadecimal: file.sha256)?.bytes ?? []
            whole.update(digest.span)
        }
        let subject: JSONObject = [
            "name": .string(self.subject),
            "digest": .object(["sha256": .string(whole.finish().hexadecimal)]),
        ]
        let ignored = ["model.sig", ".git", ".gitattributes", ".github", ".gitignore"]
        let serialization: JSONObject = [
            "method": .string("files"), "hash_type": .string("sha256"), "allow_symlinks": .bool(false),
            "ignore_paths": .array(ignored.map { .string($0) }),
        ]
        let resources = files.map { file in
            JSONValue.object(
                [
                    "name": .string(file.name), "algorithm": .string("sha256"),
                    "digest": .string(file.sha256),
                ])
        }
        let predicate: JSONObject = [
            "serialization": .object(serialization), "resources": .array(resources),
        ]
        let document: JSONObject = [
            "_type": .string(Self.statementType), "subject": .array([.object(subject)]),
            "predicateType": .string(Self.predicateType), "predicate": .object(predicate),
        ]
        var text = ByteBuffer()
        JSONValue.object(document).write(into: &text)
        return Array(copying: text.bytes)
    }
}
