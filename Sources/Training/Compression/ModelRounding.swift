// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// The numbers of estimators, rounded to those that fewer bytes hold. Nil where a step does not apply.
enum ModelRounding {
    static func leaves(_ ensemble: TreeEnsemble) -> TreeEnsemble? {
        guard ensemble.linearLeaves == nil else { return nil }
        var result = ensemble
        for node in 0..<ensemble.nodeCount where ensemble.features[node] < 0 {
            result.values[node] = NarrowNumbers.float16(ensemble.values[node])
        }
        result.leafVectors = ensemble.leafVectors.map(NarrowNumbers.float16)
        return (result.values + result.leafVectors).allSatisfy(\.isFinite) || !hasOnlyFinite(ensemble)
            ? result : nil
    }

    private static func hasOnlyFinite(_ ensemble: TreeEnsemble) -> Bool {
        (ensemble.values + ensemble.leafVectors).allSatisfy(\.isFinite)
    }

    /// Thresholds beyond Float16's range stay.
    static func thresholds(_ ensemble: TreeEnsemble) -> TreeEnsemble {
        var result = ensemble
        for node in 0..<ensemble.nodeCount where ensemble.features[node] >= 0 {
            let rounded = NarrowNumbers.float16(ensemble.values[node])
            if rounded.isFinite { result.values[node] = rounded }
        }
        return result
    }

    /// - Parameter rows: rows of the matrix, which have a step each where `type` is `int8`.
    static func weights(_ weights: [Double], rows: Int, _ type: CompressionStep.WeightType) -> [Double]? {
        switch type {
        case .float16:
            let rounded = weights.map(NarrowNumbers.float16)
            return rounded.allSatisfy(\.isFinite) ? rounded : nil
        case .int8:
            let width = weights.count / max(rows, 1)
            var rounded = weights
            for row in 0..<rows {
                let own = row * width..<(row + 1) * width
                let largest = weights[own].reduce(0) { max($0, abs($1)) }
                let step = NarrowNumbers.step(largest: largest)
                guard step > 0 else { continue }
                for index in own {
                    // The largest stands for the step itself.
                    let whole =
                        abs(weights[index]) == largest ? 127 : abs(weights[index] / Double(step)).rounded()
                    let number = Double(Float(min(whole, 127)) * step)
                    rounded[index] = weights[index] < 0 ? -number : number
                }
            }
            return rounded.allSatisfy(\.isFinite) ? rounded : nil
        }
    }

    /// Zeros for the smallest `part` of the weights.
    static func withoutSmall(_ weights: [Double], part: Double) -> [Double] {
        let count = min(weights.count, Int((Double(weights.count) * part).rounded()))
        let order = weights.indices.sorted { (abs(weights[$0]), $0) < (abs(weights[$1]), $1) }
        var result = weights
        for index in order.prefix(count) { result[index] = 0 }
        return result
    }
}
