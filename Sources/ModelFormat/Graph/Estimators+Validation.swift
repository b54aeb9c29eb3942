// SPDX-License-Identifier: Apache-2.0
import Tabular

extension LinearModel {
    func validate(width: Int) throws(FormatError) {
        if intercepts.isEmpty {
            throw .invalidValue(part: "estimator.intercepts", reason: "there is no output")
        }
        let (expected, overflow) = width.multipliedReportingOverflow(by: intercepts.count)
        if overflow || coefficients.count != expected {
            throw .invalidValue(
                part: "estimator.coefficients",
                reason: "\(coefficients.count) for \(intercepts.count) outputs of \(width) columns")
        }
        if !coefficients.allSatisfy(\.isFinite) {
            throw .invalidValue(part: "estimator.coefficients", reason: "a coefficient is not finite")
        }
        if !intercepts.allSatisfy(\.isFinite) {
            throw .invalidValue(part: "estimator.intercepts", reason: "an intercept is not finite")
        }
        if numberType == .float32 {
            try coefficients.requireFloat32(part: "estimator.coefficients")
            try intercepts.requireFloat32(part: "estimator.intercepts")
        }
    }
}

extension MultilayerPerceptron {
    func validate(width: Int) throws(FormatError) {
        if layers.isEmpty { throw .invalidValue(part: "estimator.layers", reason: "there is no layer") }
        var width = width
        for (index, layer) in layers.enumerated() {
            let part = "estimator.layers[\(index)]"
            if layer.biases.isEmpty { throw .invalidValue(part: part, reason: "it has no output") }
            let (expected, overflow) = width.multipliedReportingOverflow(by: layer.biases.count)
            if overflow || layer.weights.count != expected {
                throw .invalidValue(
                    part: part,
                    reason:
                        "\(layer.weights.count) weights for \(layer.biases.count) outputs of \(width) inputs")
            }
            if !layer.weights.allSatisfy(\.isFinite) || !layer.biases.allSatisfy(\.isFinite) {
                throw .invalidValue(part: part, reason: "a weight or bias is not finite")
            }
            width = layer.outputCount
        }
    }
}

extension [Double] {
    /// Every number is a Float32 (or NaN): a model of that type would answer something else after it was
    /// written and read.
    func requireFloat32(part: String) throws(FormatError) {
        for (index, number) in enumerated() where Double(Float(number)) != number && !number.isNaN {
            throw .invalidValue(part: "\(part)[\(index)]", reason: "\(number) is no Float32")
        }
    }
}
