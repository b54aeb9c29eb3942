// SPDX-License-Identifier: Apache-2.0

/// Why an operator cannot do what a graph or a request asks of it.
struct OperatorError: Error, Equatable {
    var reason: String

    /// The graph is sound, but asks for what is not done here: another engine may.
    var isUnsupported = false

    init(_ reason: String) { self.reason = reason }

    init(unsupported reason: String) {
        self.reason = reason
        isUnsupported = true
    }
}

/// Why a graph cannot be compiled, or a request cannot be answered with it: the node and its reason.
package struct GraphError: Error, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// An operator, or a version of it, that is not known here.
        case unsupportedOperator
        /// An operator got what it cannot work with.
        case failed
    }

    package var kind: Kind
    /// `node 3 (Reshape)`, or what else is meant.
    package var place: String
    package var reason: String

    init(_ kind: Kind = .failed, place: String, reason: String) {
        self.kind = kind
        self.place = place
        self.reason = reason
    }

    package var description: String { "\(place): \(reason)" }
}

extension Optional {
    /// `??` whose right side may throw an `OperatorError`; the standard one widens the error's type.
    func or(
        _ other: @autoclosure () throws(OperatorError) -> Wrapped
    ) throws(OperatorError) -> Wrapped {
        if let self { self } else { try other() }
    }

    func or(
        _ other: @autoclosure () throws(OperatorError) -> Wrapped?
    ) throws(OperatorError) -> Wrapped? {
        if let self { self } else { try other() }
    }
}
