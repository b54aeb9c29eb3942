// SPDX-License-Identifier: Apache-2.0
internal import LinearAlgebra

/// Layers of a network that follow each other and of which each reads only what the one before it wrote.
/// Immutable.
///
/// They are done for a block of rows at a time: what one layer writes is still in the cache when the next
/// reads it. Images go through with the channels of a place side by side (`PlaneLayout`), whatever order
/// their file has them in.
struct LayerChain: Sendable {
    enum Layer: Sendable {
        case dense(WeightMatrix)
        case convolution(ConvolutionWeights, WindowGeometry)
        case pooling(WindowGeometry, mean: Bool)
        /// Of each number, in place.
        case function(UnaryFunction)
        /// Images become rows, channel by channel.
        case flatten
    }

    private(set) var layers: [Layer]

    init(_ first: Layer) { layers = [first] }

    /// What the last layer answers.
    private enum Form {
        case rows(width: Int)
        case planes(channels: Int)
        case flattened(channels: Int)
    }

    private var form: Form {
        var isFlattened = false
        for layer in layers.reversed() {
            switch layer {
            case .dense(let weights): return .rows(width: weights.outputCount)
            case .convolution(let weights, _):
                let channels = weights.outputChannels
                return isFlattened ? .flattened(channels: channels) : .planes(channels: channels)
            case .flatten: isFlattened = true
            case .pooling, .function: continue
            }
        }
        preconditionFailure("a chain begins with a dense layer or a convolution")
    }

    var beginsWithPlanes: Bool {
        if case .convolution = layers[0] { true } else { false }
    }

    // MARK: Joining

    /// The chain with one more layer, nil where the two do not fit.
    func appending(_ layer: Layer) -> LayerChain? {
        var chain = self
        switch (form, layer) {
        case (_, .function(let function)):
            guard function.name == .relu, let cut = cuttingNegatives() else {
                chain.layers.append(layer)
                return chain
            }
            return cut
        case (.planes, .pooling), (.planes, .flatten): chain.layers.append(layer)
        case (.planes(let channels), .convolution(let weights, _)) where channels == weights.inputChannels:
            chain.layers.append(layer)
        case (.rows(let width), .dense(let weights)) where width == weights.inputCount:
            chain.layers.append(layer)
        case (.flattened(let channels), .dense(let weights)) where weights.inputCount % channels == 0:
            // The rows are in memory place by place; so must be the weights that they meet.
            let area = weights.inputCount / channels
            let order = (0..<weights.inputCount).map { $0 % channels * area + $0 / channels }
            chain.layers.append(.dense(weights.readingInputs(in: order)))
        default: return nil
        }
        return chain
    }

    /// The last layer's sums with zero in place of what is negative, where it is a product.
    private func cuttingNegatives() -> LayerChain? {
        var chain = self
        switch layers[layers.count - 1] {
        case .dense(let weights): chain.layers[layers.count - 1] = .dense(weights.cuttingNegatives)
        case .convolution(let weights, let geometry):
            chain.layers[layers.count - 1] = .convolution(weights.cuttingNegatives, geometry)
        case .pooling, .function, .flatten: return nil
        }
        return chain
    }

    /// The chain with a term for each output of its last layer, where that is a product without one.
    func adding(bias: [Float]) -> LayerChain? {
        guard case .dense(let weights)? = layers.last, !weights.hasBias, !weights.cutsNegatives,
            bias.count == weights.outputCount
        else { return nil }
        var chain = self
        chain.layers[layers.count - 1] = .dense(weights.adding(bias: bias))
        return chain
    }
}

/// Memory that chains work in: layers read the one half and write the other.
struct LayerMemory {
    var even: [Float] = []
    var odd: [Float] = []

    mutating func release(above cells: Int) {
        if even.capacity > cells { even = [] }
        if odd.capacity > cells { odd = [] }
    }
}
