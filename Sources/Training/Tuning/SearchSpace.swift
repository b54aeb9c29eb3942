// SPDX-License-Identifier: Apache-2.0

/// What a search varies: for each algorithm its settings, around what suits most tables.
package struct SearchSpace: Sendable, Equatable {
    package struct Branch: Sendable, Equatable {
        package var algorithm: Algorithm
        package var parameters: [TuningParameter]
    }

    /// At least one; the search begins with the defaults of each, in this order.
    package var branches: [Branch]

    /// `fixed` names settings that somebody has chosen, which are not varied.
    package init(_ algorithms: [Algorithm], fixed: Set<String> = []) {
        branches = algorithms.map { algorithm in
            Branch(
                algorithm: algorithm,
                parameters: SearchSpace.parameters(of: algorithm).filter { !fixed.contains($0.name) })
        }
    }

    /// What is tried for `task` when nobody names algorithms: those whose cost grows with the rows alone; a
    /// network as well for up to `networkRowsMax` rows.
    package static func algorithms(for task: Task, rowCount: Int) -> [Algorithm] {
        let network: [Algorithm] = rowCount <= networkRowsMax ? [.mlp] : []
        let first: Algorithm = task == .classification ? .logistic : .linear
        return [first, .gbdt, .extraTrees, .randomForest] + network
    }

    private static let networkRowsMax = 50_000

    static func parameters(of algorithm: Algorithm) -> [TuningParameter] {
        func real(_ name: String, _ low: Double, _ high: Double) -> TuningParameter {
            TuningParameter(name, .real(low, high, isLog: false))
        }
        func factor(_ name: String, _ low: Double, _ high: Double) -> TuningParameter {
            TuningParameter(name, .real(low, high, isLog: true))
        }
        switch algorithm {
        case .gbdt:
            return [
                TuningParameter("rounds", .whole(50, 600, isLog: true)), factor("learning_rate", 0.01, 0.3),
                TuningParameter("max_leaves", .whole(4, 63, isLog: true)),
                TuningParameter("max_depth", .whole(2, 10, isLog: false)),
                TuningParameter("min_leaf_rows", .whole(1, 60, isLog: true)), factor("l2", 0.01, 100),
                real("bagging", 0.5, 1), real("columns_by_tree", 0.3, 1),
            ]
        case .randomForest, .extraTrees:
            return [
                TuningParameter("forest_leaf_rows", .whole(1, 20, isLog: true)),
                real("forest_columns", 0.1, 1), TuningParameter("trees", .choice(["100", "200", "400"])),
            ]
        case .mlp:
            return [
                TuningParameter("hidden", .choice(["32", "64", "128", "64,32", "128,64"])),
                factor("learning_rate", 0.0003, 0.01), factor("weight_decay", 1e-6, 0.1),
                real("dropout", 0, 0.5), TuningParameter("batch_norm", .choice(["false", "true"])),
            ]
        case .logistic, .linear, .poisson, .gamma: return [factor("l2", 0.01, 1_000)]
        case .tweedie: return [factor("l2", 0.01, 1_000), real("power", 1.1, 1.9)]
        case .lasso: return [factor("alpha", 0.00001, 10)]
        case .elasticNet: return [factor("alpha", 0.00001, 10), real("l1_ratio", 0.05, 1)]
        default: return []
        }
    }
}
