// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat

/// The slow and obvious way to evaluate trees: the answers of importers are compared with it.
enum TreeReference {
    static func margins(_ ensemble: TreeEnsemble, row: [Float]) -> [Float] {
        var margins = ensemble.baseMargins.map { Float($0) }
        for tree in 0..<ensemble.treeCount {
            var node = Int(ensemble.roots[tree])
            while ensemble.features[node] >= 0 {
                let value = row[Int(ensemble.features[node])]
                let goesLeft =
                    value.isNaN ? ensemble.defaultsLeft[node] : Double(value) < ensemble.values[node]
                node = Int(goesLeft ? ensemble.lefts[node] : ensemble.rights[node])
            }
            margins[Int(ensemble.groups[tree])] += Float(ensemble.values[node])
        }
        return margins
    }

    static func predictions(_ transform: OutputTransform, margins: [Float]) -> [Float] {
        switch transform {
        case .identity, .probability: return margins
        case .softplus: return margins.map { log1pf(expf($0)) }
        case .meanAndVariance: return [margins[0], expf(2 * margins[1])]
        case .signedSquare: return margins.map { $0 * abs($0) }
        case .logistic: return margins.map { 1 / (expf(-$0) + 1) }
        case .exponential: return margins.map { expf($0) }
        case .hinge: return margins.map { $0 > 0 ? 1 : 0 }
        case .argmax:
            var best = 0
            for index in margins.indices where margins[index] > margins[best] { best = index }
            return [Float(best)]
        case .softmax:
            let largest = margins.max() ?? 0
            let exponentials = margins.map { expf($0 - largest) }
            let sum = exponentials.reduce(0.0) { $0 + Double($1) }
            return exponentials.map { $0 / Float(sum) }
        }
    }
}
