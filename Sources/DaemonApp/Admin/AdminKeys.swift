// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography

/// Who may change the registry: the file of `admin.keys`, a name and the SHA-256 of a key on each line.
///
///     # name   SHA-256 of the key
///     ada      5e884898da28047151d0e56f8dc6292773603d0d6aabbd62a11ef721d1542d8
struct AdminKeys: Sendable {
    struct Key: Sendable, Equatable {
        var name: String
        var digest: Digest
    }

    let keys: [Key]

    static let none = AdminKeys(keys: [])

    private init(keys: [Key]) { self.keys = keys }

    private static let sizeLimit = 1 << 20

    /// - Throws: `AdminKeysError` with the line.
    init(readingFrom path: String) throws(AdminKeysError) {
        let bytes: [UInt8]
        do {
            bytes = try File.read(path, limit: Self.sizeLimit)
        } catch {
            throw AdminKeysError(description: error.description)
        }
        try self.init(String(decoding: bytes, as: UTF8.self), path: path)
    }

    init(_ text: String, path: String) throws(AdminKeysError) {
        var keys: [Key] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace).map { String($0) }
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard words.count == 2, let digest = Digest(hexadecimal: words[1].lowercased()) else {
                throw AdminKeysError(
                    description: "\(path), line \(index + 1): a name and the SHA-256 of a key are wanted")
            }
            guard !keys.contains(where: { $0.name == first }) else {
                throw AdminKeysError(description: "\(path), line \(index + 1): '\(first)' stands twice")
            }
            keys.append(Key(name: first, digest: digest))
        }
        self.keys = keys
    }
}

struct AdminKeysError: Error, Equatable, CustomStringConvertible {
    var description: String
}
