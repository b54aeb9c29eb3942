// SPDX-License-Identifier: Apache-2.0

public import Tabular

/// margins = coefficients · x + intercepts.
///
/// FP64: the kernel's own order of summation. FP32: XGBoost's, from the intercept on, feature by feature,
/// each product and sum rounded to Float32, features that are NaN left out; each number is a Float32 then.
public struct LinearModel: Sendable, Equatable {
    public var numberType: NumberType
    /// Row-major, shape [outputs, features]; `features` is the width after preprocessing.
    public var coefficients: [Double]
    /// Shape [outputs].
    public var intercepts: [Double]

    public init(numberType: NumberType = .float64, coefficients: [Double], intercepts: [Double]) {
        self.numberType = numberType
        self.coefficients = coefficients
        self.intercepts = intercepts
    }

    public var outputCount: Int { intercepts.count }
}

/// Fully connected layers in Float32.
public struct MultilayerPerceptron: Sendable, Equatable {
    public var layers: [Layer]

    public init(layers: [Layer]) { self.layers = layers }

    /// y = activation(weights · x + biases)
    public struct Layer: Sendable, Equatable {
        /// Row-major, shape [outputs, inputs].
        public var weights: [Float]
        /// Shape [outputs].
        public var biases: [Float]
        public var activation: Activation

        public init(weights: [Float], biases: [Float], activation: Activation) {
            self.weights = weights
            self.biases = biases
            self.activation = activation
        }

        public var outputCount: Int { biases.count }
        public var inputCount: Int { biases.isEmpty ? 0 : weights.count / biases.count }
    }

    /// What a layer's sums go through; `logistic` is 1 / (1 + exp(-x)).
    public enum Activation: String, Sendable, CaseIterable {
        case identity, relu, tanh, logistic
    }

    public var outputCount: Int { layers.last?.outputCount ?? 0 }
}
