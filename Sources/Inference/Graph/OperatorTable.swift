// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// One operator that runs here: which versions of it, and how its kernel is made.
struct OperatorEntry: Sendable {
    /// Versions of its operator set by which its meaning is known.
    var versions: ClosedRange<Int>
    var inputs: ClosedRange<Int>
    var outputs: ClosedRange<Int>
    /// How types that have no kernel of their own are computed.
    var widening: Widening
    var make: @Sendable (OperatorDescription) throws(OperatorError) -> any OperatorKernel

    enum Widening: Sendable, Equatable {
        /// The kernel takes every type that the operator has.
        case none
        /// Halves are computed as Float32, small integers as Int64 (`WideningKernel`), and these outputs
        /// become the input's type again.
        case narrowing([Int])
    }

    init(
        _ versions: ClosedRange<Int>, _ inputs: ClosedRange<Int>, outputs: ClosedRange<Int> = 1...1,
        widening: Widening = .none,
        make: @escaping @Sendable (OperatorDescription) throws(OperatorError) -> any OperatorKernel
    ) {
        self.versions = versions
        self.inputs = inputs
        self.outputs = outputs
        self.widening = widening
        self.make = make
    }
}

/// The operators that run here; docs/reference/onnx.md lists them.
package enum OperatorTable {
    /// The last version of the standard set whose changes are known.
    static let standardLast = 28
    static let classicalLast = 5

    static let entries: [String: [String: OperatorEntry]] = [
        "": [
            unaryOperators, binaryOperators, variadicOperators, castOperators, layoutOperators,
            selectionOperators, fillOperators, reductionOperators, normalizationOperators,
            matrixOperators, convolutionOperators, poolingOperators, recurrentOperators,
            quantizedOperators, textOperators, sortingOperators, controlOperators,
            resizeOperators, einsteinSumOperators,
        ].reduce(into: [:]) { $0.merge($1) { first, _ in first } },
        "com.microsoft": runtimeOperators,
        "ai.onnx.ml": [
            scalingOperators, encodingOperators, linearOperators, treeOperators, supportVectorOperators,
        ].reduce(into: [:]) { $0.merge($1) { first, _ in first } },
    ]

    /// One line an operator: its set, its name, the versions of the set.
    package static var claims: [(domain: String, name: String, versions: ClosedRange<Int>)] {
        entries.sorted { $0.key < $1.key }.flatMap { domain, operators in
            operators.sorted { $0.key < $1.key }.map {
                (domain.isEmpty ? "ai.onnx" : domain, $0.key, $0.value.versions)
            }
        }
    }

    /// Makes the kernel of a node.
    ///
    /// - Throws: `GraphError`, of the kind `unsupportedOperator` when the node needs another engine.
    static func kernel(
        for description: OperatorDescription, place: String
    ) throws(GraphError) -> any OperatorKernel {
        let node = description.node
        let name = node.domain.isEmpty ? node.type : "\(node.domain).\(node.type)"
        guard let entry = entries[node.domain]?[node.type] else {
            throw GraphError(.unsupportedOperator, place: place, reason: "the operator \(name) is not known")
        }
        guard entry.versions.contains(description.version) else {
            throw GraphError(
                .unsupportedOperator, place: place,
                reason: """
                    \(name) of operator set \(description.version) is not known; versions \
                    \(entry.versions.lowerBound) to \(entry.versions.upperBound) are
                    """)
        }
        guard entry.inputs.contains(description.inputCount) else {
            throw GraphError(place: place, reason: "it has \(description.inputCount) inputs")
        }
        guard entry.outputs.contains(description.outputCount) else {
            throw GraphError(place: place, reason: "it has \(description.outputCount) outputs")
        }
        do {
            let kernel = try entry.make(description)
            // Layers have weights of Float32, and so have no other inputs.
            if kernel is LayerChainKernel { return kernel }
            if case .narrowing(let outputs) = entry.widening {
                return WideningKernel(kernel: kernel, narrowed: outputs)
            }
            return kernel
        } catch {
            throw GraphError(
                error.isUnsupported ? .unsupportedOperator : .failed, place: place, reason: error.reason)
        }
    }
}
