// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography
internal import HTTP
internal import Synchronization

/// Decides who may change the registry over HTTP; nothing else does.
///
/// State: small and shared (`Mutex`); the keys are replaced at SIGHUP.
final class AdminAuthorizer: Sendable {
    enum Decision: Equatable {
        case allowed(actor: String)
        case refused(Status, String)
    }

    private let keys: Mutex<AdminKeys>

    init(_ keys: AdminKeys) { self.keys = Mutex(keys) }

    func replace(_ keys: AdminKeys) { self.keys.withLock { $0 = keys } }

    /// - Parameter authorization: the value of the header, `Bearer KEY`; nil when there is none.
    func decide(_ authorization: String?) -> Decision {
        let keys = keys.withLock { $0 }.keys
        guard !keys.isEmpty else {
            return .refused(
                .forbidden,
                "changes over HTTP are off; name a file with keys in admin.keys, or use modelctl "
                    + "with --registry")
        }
        guard let authorization else {
            return .refused(.unauthorized, "a key is needed: Authorization: Bearer KEY")
        }
        guard let given = Self.digest(authorization) else {
            return .refused(.unauthorized, "the key is not known here")
        }
        // All keys are compared, each in constant time: how long it takes tells nothing.
        var actor: String?
        for key in keys where ConstantTime.areEqual(key.digest.bytes, given.bytes) { actor = key.name }
        return actor.map { .allowed(actor: $0) } ?? .refused(.unauthorized, "the key is not known here")
    }

    private static func digest(_ authorization: String) -> Digest? {
        guard authorization.prefix(7).lowercased() == "bearer " else { return nil }
        let key = Array(authorization.dropFirst(7).utf8.drop { $0 == 0x20 })
        return SHA256.digest(of: key.span)
    }
}
