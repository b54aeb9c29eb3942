// SPDX-License-Identifier: Apache-2.0

/// What a model reads: its features in order, each with a name and a kind.
///
/// Shared by the trainer that writes it, the model file that carries it and the daemon that checks requests
/// against it.
public struct FeatureSchema: Sendable, Equatable {
    public var features: [Feature]

    public init(features: [Feature]) { self.features = features }

    public var count: Int { features.count }

    /// True when every feature is numeric, so that a request may send one matrix named `input`.
    public var isNumeric: Bool { features.allSatisfy { $0.kind == .numeric } }
}

/// One input column of a model.
public struct Feature: Sendable, Equatable {
    public var name: String
    public var kind: FeatureKind

    public init(name: String, kind: FeatureKind) {
        self.name = name
        self.kind = kind
    }
}

public enum FeatureKind: Sendable, Equatable {
    /// A number; a missing one is NaN.
    case numeric
    /// One of a list of names, carried as its index in the list; missing is NaN and a name outside the list
    /// is `FeatureKind.unseenCategory`.
    case categorical(categories: [String])
    /// A point in time, carried as seconds since the start of 1970 in UTC; a missing one is NaN.
    case date
    /// Free text, carried as its number in the block's list of texts; a missing one is NaN.
    case text

    /// The word for the kind in model files and messages.
    public var name: String {
        switch self {
        case .numeric: "numeric"
        case .categorical: "categorical"
        case .date: "date"
        case .text: "text"
        }
    }

    /// The code of a category name that training never saw.
    public static let unseenCategory = -1.0
}

/// The floating-point type of a block of rows or of an output.
public enum NumberType: String, Sendable {
    case float32 = "FP32"
    case float64 = "FP64"
}
