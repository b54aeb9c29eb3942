// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography
internal import HTTP
internal import Synchronization

/// Decides who may change the registry over HTTP, and who may use jobs; nothing else does.
///
/// State: small and shared (`Mutex`); the keys are replaced at SIGHUP.
final class AdminAuthorizer: Sendable {
    enum Decision: Equatable {
        case allowed(actor: String)
        case refused(Status, String)
    }

    enum Purpose: Sendable {
        /// Nobody may without keys.
        case registry
        /// Everybody may, who may predict, until there are keys.
        case jobs
    }

    private let keys: Mutex<AdminKeys>

    init(_ keys: AdminKeys) { self.keys = Mutex(keys) }

    func replace(_ keys: AdminKeys) { self.keys.withLock { $0 = keys } }

    /// - Parameter authorization: the value of the header, `Bearer KEY`; nil when there is none.
    func decide(_ authorization: String?, for purpose: Purpose = .registry) -> Decision {
        let keys = keys.withLock { $0 }.keys
        guard !keys.isEmpty else {
            if purpose == .jobs { return .allowed(actor: "") }
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

    /// The name of whoever asks, empty where no key is needed; nil, and an answer, when that one may not.
    func authorize(
        _ request: borrowing Request, for purpose: Purpose, _ response: inout Response
    ) -> String? {
        var value: String?
        if let header = request.header("Authorization") { value = String(copying: header) }
        switch decide(value, for: purpose) {
        case .allowed(let actor): return actor
        case .refused(let status, let reason):
            response.fail(status, reason)
            if status == .unauthorized { response.addHeader("WWW-Authenticate", "Bearer") }
            return nil
        }
    }

    private static func digest(_ authorization: String) -> Digest? {
        guard authorization.prefix(7).lowercased() == "bearer " else { return nil }
        let key = Array(authorization.dropFirst(7).utf8.drop { $0 == 0x20 })
        return SHA256.digest(of: key.span)
    }
}
