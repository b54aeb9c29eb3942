// SPDX-License-Identifier: Apache-2.0
internal import Base
package import Cryptography
internal import YAML

/// Whose signatures count, and what is revoked: the file that `trust.keys` names, docs/reference/signing.md.
package struct TrustedKeys: Sendable {
    package struct Key: Sendable {
        package var id: String
        package var key: VerifyingKey
        /// Nil: since ever.
        package var validFrom: TrustDay?
        /// The last day, inclusive; nil: for ever.
        package var validUntil: TrustDay?

        package init(id: String, key: VerifyingKey, validFrom: TrustDay?, validUntil: TrustDay?) {
            self.id = id
            self.key = key
            self.validFrom = validFrom
            self.validUntil = validUntil
        }
    }

    package var keys: [Key]
    /// Reasons by the SHA-256 of any file of a version, lower-case hexadecimal.
    package var revoked: [String: String]

    package init(keys: [Key], revoked: [String: String] = [:]) {
        self.keys = keys
        self.revoked = revoked
    }

    static let sizeLimit = 1 << 20

    /// - Throws: `malformedTrust`, `system`.
    package init(readingFrom path: String) throws(RegistryError) {
        let bytes: [UInt8]
        do {
            bytes = try File.read(path, limit: Self.sizeLimit)
        } catch {
            throw .system(error)
        }
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        try self.init(bytes.span, path: path) { name throws(SystemError) in
            let bytes = try File.read(name.hasPrefix("/") ? name : directory + name, limit: Self.sizeLimit)
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// - Parameter read: the text of a file of a key, by the name that stands in `file`.
    init(
        _ text: Span<UInt8>, path: String, read: (String) throws(SystemError) -> String
    ) throws(RegistryError) {
        let document: YAMLValue?
        do {
            document = try YAMLDocument.parse(text)
        } catch {
            throw .malformedTrust(file: path, reason: error.description)
        }
        self.init(keys: [])
        guard let document else { throw .malformedTrust(file: path, reason: "it is empty") }
        let members = try Self.members(of: document, among: ["keys", "revoked"], path)
        for element in try Self.list(members["keys"], path) {
            let key = try Self.key(element, path, read)
            guard !keys.contains(where: { $0.id == key.id }) else {
                throw Self.defect(path, element, "the id '\(key.id)' stands twice")
            }
            keys.append(key)
        }
        for element in try Self.list(members["revoked"], path) {
            let members = try Self.members(of: element, among: ["sha256", "reason"], path)
            guard let digest = members["sha256"]?.scalar, Digest(hexadecimal: digest) != nil else {
                throw Self.defect(path, element, "'sha256' must be 64 lower-case hexadecimal digits")
            }
            revoked[digest] = members["reason"]?.scalar ?? "no reason is given"
        }
    }

    // MARK: Reading

    private static func key(
        _ element: YAMLValue, _ path: String, _ read: (String) throws(SystemError) -> String
    ) throws(RegistryError) -> Key {
        let members = try members(
            of: element, among: ["id", "pem", "file", "valid_from", "valid_until"], path)
        guard let id = members["id"]?.scalar, !id.isEmpty else {
            throw defect(path, element, "a key needs an 'id'")
        }
        let text: String
        switch (members["pem"]?.scalar, members["file"]?.scalar) {
        case (let pem?, nil): text = pem
        case (nil, let name?):
            do {
                text = try read(name)
            } catch {
                throw .system(error)
            }
        default: throw defect(path, element, "the key '\(id)' needs either 'pem' or 'file'")
        }
        let key: VerifyingKey
        do {
            key = try VerifyingKey(pem: text)
        } catch {
            throw defect(path, element, "the key '\(id)': \(error.description)")
        }
        return Key(
            id: id, key: key, validFrom: try day(members["valid_from"], path),
            validUntil: try day(members["valid_until"], path))
    }

    private static func day(_ value: YAMLValue?, _ path: String) throws(RegistryError) -> TrustDay? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.scalar, let day = TrustDay(text) else {
            throw defect(path, value, "a day is written YYYY-MM-DD")
        }
        return day
    }

    private static func list(_ value: YAMLValue?, _ path: String) throws(RegistryError) -> [YAMLValue] {
        guard let value, !value.isNull else { return [] }
        guard let elements = value.sequence else { throw defect(path, value, "a list is wanted here") }
        return elements
    }

    private static func members(
        of value: YAMLValue, among known: Set<String>, _ path: String
    ) throws(RegistryError) -> [String: YAMLValue] {
        guard let entries = value.mapping else { throw defect(path, value, "a mapping is wanted here") }
        var members: [String: YAMLValue] = [:]
        for entry in entries {
            guard known.contains(entry.key) else {
                let names = known.sorted().joined(separator: ", ")
                throw .malformedTrust(
                    file: path, reason: "\(entry.keyMark): '\(entry.key)' is none of \(names)")
            }
            members[entry.key] = entry.value
        }
        return members
    }

    private static func defect(_ path: String, _ value: YAMLValue, _ reason: String) -> RegistryError {
        .malformedTrust(file: path, reason: "\(value.mark): \(reason)")
    }
}
