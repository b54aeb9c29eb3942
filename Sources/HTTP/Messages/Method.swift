// SPDX-License-Identifier: Apache-2.0

/// The request methods that this server knows (RFC 9110, section 9; PATCH: RFC 5789). Others are answered
/// with 501.
package enum Method: UInt8, Sendable, CaseIterable {
    case get, head, post, put, delete, options, patch, other

    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .patch: "PATCH"
        case .other: "other"
        }
    }

    /// Case-sensitive, as the RFC demands.
    init(_ token: Span<UInt8>) {
        switch token.count {
        case 3 where token.equals("GET"): self = .get
        case 3 where token.equals("PUT"): self = .put
        case 4 where token.equals("POST"): self = .post
        case 4 where token.equals("HEAD"): self = .head
        case 5 where token.equals("PATCH"): self = .patch
        case 6 where token.equals("DELETE"): self = .delete
        case 7 where token.equals("OPTIONS"): self = .options
        default: self = .other
        }
    }
}

/// A set of methods, for routes and `Allow`.
package struct MethodSet: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package init(_ method: Method) { rawValue = 1 << method.rawValue }

    package func contains(_ method: Method) -> Bool { rawValue & (1 << method.rawValue) != 0 }

    /// The value of `Allow`, in a fixed order: `GET, HEAD, POST`.
    package var allowValue: String {
        Method.allCases.filter { contains($0) && $0 != .other }.map { "\($0.name)" }.joined(separator: ", ")
    }
}
