// SPDX-License-Identifier: Apache-2.0

/// A model as a graph of operators over tensors, as ONNX files have it.
///
/// One that came out of the reader has been validated: nodes stand in an order in which every input is known
/// before it is used, every name is given once, every tensor has as many elements as its shape says. What the
/// operators mean, and which are known, is the business of `Inference`.
public struct OperatorGraph: Sendable, Equatable {
    public var name: String
    /// The version of each operator set that the graph uses; the standard set has the name "".
    public var operatorSets: [String: Int]
    /// What a request sends; initializers that older files list as inputs too are left out.
    public var inputs: [GraphValue]
    public var outputs: [GraphValue]
    public var constants: [ConstantTensor]
    public var nodes: [OperatorNode]

    public init(
        name: String, operatorSets: [String: Int], inputs: [GraphValue], outputs: [GraphValue],
        constants: [ConstantTensor], nodes: [OperatorNode]
    ) {
        self.name = name
        self.operatorSets = operatorSets
        self.inputs = inputs
        self.outputs = outputs
        self.constants = constants
        self.nodes = nodes
    }
}

/// A named value that goes into or comes out of a graph, as far as the file describes it.
public struct GraphValue: Sendable, Equatable {
    /// One size of a tensor's shape.
    public enum Dimension: Sendable, Equatable {
        case fixed(Int)
        /// A name such as `batch_size`; the empty name is an unknown size.
        case symbol(String)
    }

    /// What the value is.
    public enum Kind: Sendable, Equatable {
        /// `shape` is nil when even the rank is unknown.
        case tensor(ElementType, shape: [Dimension]?)
        /// A sequence of maps, which ZipMap makes.
        case sequence
        case map
        /// The file says nothing (outputs of some exporters).
        case unknown
    }

    public var name: String
    public var kind: Kind

    public init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// One operator with the names of what it reads and makes; an empty name is an optional one left out.
public struct OperatorNode: Sendable, Equatable {
    public var name: String
    /// "" for the standard operators, `ai.onnx.ml` for those of classical models.
    public var domain: String
    public var type: String
    public var inputs: [String]
    public var outputs: [String]
    public var attributes: [String: OperatorAttribute]
    /// The version of its operator set where that is not the graph's: nodes that stood in a function.
    public var version: Int?
    /// Inside a function: attributes whose values the call gives, and by which names.
    var attributeSources: [String: String] = [:]

    public init(
        name: String, domain: String, type: String, inputs: [String], outputs: [String],
        attributes: [String: OperatorAttribute]
    ) {
        self.name = name
        self.domain = domain
        self.type = type
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }
}

/// What an operator was given when the graph was made.
public enum OperatorAttribute: Sendable, Equatable {
    case float(Float)
    case integer(Int64)
    case string(String)
    case tensor(ConstantTensor)
    case floats([Float])
    case integers([Int64])
    case strings([String])
    indirect case graph(OperatorGraph)
}
