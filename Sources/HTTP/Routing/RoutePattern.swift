// SPDX-License-Identifier: Apache-2.0

/// A route's template: `/v2/models/{model}/versions/{version}/infer`, `/v1/models/{model}:predict`.
///
/// A segment is a literal, or one capture with an optional literal after it. Templates are written by
/// programmers, so a wrong one traps at start-up.
struct RoutePattern {
    enum Segment: Equatable {
        case literal([UInt8])
        case capture(suffix: [UInt8])
    }

    let segments: [Segment]

    init(_ template: String) {
        precondition(template.hasPrefix("/"), "the route '\(template)' does not start with a slash")
        segments = template.dropFirst().split(separator: "/", omittingEmptySubsequences: true).map { text in
            guard let open = text.firstIndex(of: "{") else {
                precondition(!text.contains("}"), "the route '\(template)' has a brace too many")
                return .literal(Array(text.utf8))
            }
            guard let close = text.firstIndex(of: "}"), open == text.startIndex else {
                preconditionFailure(
                    "in the route '\(template)' a capture must start its segment and be closed")
            }
            let suffix = text[text.index(after: close)...]
            precondition(!suffix.contains("{"), "the route '\(template)' has two captures in one segment")
            return .capture(suffix: Array(suffix.utf8))
        }
    }
}
