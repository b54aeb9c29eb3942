// SPDX-License-Identifier: Apache-2.0

/// One named answer of a model, as metadata lists it and requests ask for it.
package struct OutputSpecification: Sendable, Equatable {
    /// What the answer is; the raw value is its name on the wire.
    package enum Kind: String, Sendable, CaseIterable {
        /// What the model's own library calls its prediction; always there, always first.
        case predictions
        /// One number a class, summing to 1; classifiers only.
        case probabilities
        /// The name or number of the likeliest class; classifiers only.
        case labels
        /// The estimator's sums before the output transform.
        case margin
    }

    /// Names as in the Open Inference Protocol.
    package enum Datatype: String, Sendable {
        case float32 = "FP32"
        case float64 = "FP64"
        case int64 = "INT64"
        case bytes = "BYTES"
    }

    package var kind: Kind
    package var datatype: Datatype
    /// Columns of the shape [rows, width]; nil means the shape [rows].
    package var width: Int?

    package var name: String { kind.rawValue }

    package init(kind: Kind, datatype: Datatype, width: Int?) {
        self.kind = kind
        self.datatype = datatype
        self.width = width
    }
}
