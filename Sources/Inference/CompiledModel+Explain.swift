// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Preprocess
package import Tabular

/// How a model explains its margins; absent when it cannot.
enum Explainer: Sendable {
    case linear(LinearExplanation)
    case trees(TreeExplanation)
}

extension CompiledModel {
    /// The outputs that are computed only when somebody asks for them.
    static func explanations(
        _ explainer: Explainer?, _ kernel: Kernel, outputCount: Int, featureCount: Int
    ) -> [OutputSpecification] {
        var outputs: [OutputSpecification] = []
        let (width, overflow) = outputCount.multipliedReportingOverflow(by: featureCount + 1)
        if explainer != nil, !overflow {
            outputs.append(.init(kind: .contributions, datatype: .float64, width: width))
        }
        if let treeCount = kernel.treeCount, treeCount > 0 {
            outputs.append(.init(kind: .leaf, datatype: .int64, width: treeCount))
        }
        return outputs
    }

    /// About what `explain` takes for so many rows: 3 ns a node and row, and 15 ns a node for each block.
    package func explanationNanoseconds(rows: Int) -> UInt64 {
        guard case .trees(let trees)? = explainer else { return UInt64(rows) * UInt64(schema.count) }
        let blocks = (rows + TreeSlots.blockRows - 1) / TreeSlots.blockRows
        return UInt64(min(Double(trees.work) * Double(3 * rows + 15 * blocks), 1e18))
    }

    /// Fills `predictions.contributions` for all of `rows`; the model must have the output of that name.
    ///
    /// They add up to the margin, but for the rounding of Float32 sums. Costs hundreds of predictions.
    package func explain(
        _ rows: borrowing RowBlock, into predictions: inout Predictions, scratch: inout InferenceScratch
    ) {
        guard let explainer, let output = outputs.first(where: { $0.kind == .contributions }) else {
            preconditionFailure("only a model with the output `contributions` explains itself")
        }
        precondition(rows.columnCount == schema.count, "the block's width is not the schema's")
        precondition(rows.numberType == inputType, "the block's type is not the model's")
        predictions.contributions.reset(columnCount: output.width ?? 1, numberType: .float64)
        predictions.contributions.appendRows(rows.rowCount)
        if plan.isEmpty {
            explain(explainer, rows, into: &predictions.contributions, &scratch.memory, &scratch.explanation)
        } else {
            plan.run(
                rows, into: &scratch.prepared, as: estimatorType, scratch: &scratch.preprocessing)
            explain(
                explainer, scratch.prepared, into: &predictions.contributions, &scratch.memory,
                &scratch.explanation)
        }
    }

    private func explain(
        _ explainer: Explainer, _ rows: borrowing RowBlock, into block: inout RowBlock,
        _ memory: inout KernelMemory, _ explanationMemory: inout ExplanationMemory
    ) {
        var target = block.mutableFloat64
        let features = schema.count
        switch explainer {
        case .linear(let linear):
            linear.explain(rows, range: 0..<rows.rowCount, featureCount: features, into: &target)
        case .trees(let trees):
            switch kernel {
            case .compactTrees(let own):
                own.forest.explain(
                    trees, rows.float32, rowCount: rows.rowCount, featureCount: features, into: &target,
                    gathered: &memory.current, memory: &explanationMemory)
            case .wideTrees(let own):
                own.forest.explain(
                    trees, rows.float32, rowCount: rows.rowCount, featureCount: features, into: &target,
                    gathered: &memory.current, memory: &explanationMemory)
            case .compactTreesWideSums(let own):
                own.forest.explain(
                    trees, rows.float32, rowCount: rows.rowCount, featureCount: features, into: &target,
                    gathered: &memory.current, memory: &explanationMemory)
            case .wideTreesWideSums(let own):
                own.forest.explain(
                    trees, rows.float32, rowCount: rows.rowCount, featureCount: features, into: &target,
                    gathered: &memory.current, memory: &explanationMemory)
            case .doubleTrees(let own):
                own.forest.explain(
                    trees, rows.float64, rowCount: rows.rowCount, featureCount: features, into: &target,
                    gathered: &memory.wideCurrent, memory: &explanationMemory)
            case .linear, .narrowLinear, .neural, .program, .graph:
                preconditionFailure("trees explain a forest only")
            }
        }
    }

    /// Fills `predictions.leaves` for all of `rows`; the model must have the output `leaf`.
    package func findLeaves(
        _ rows: borrowing RowBlock, into predictions: inout Predictions, scratch: inout InferenceScratch
    ) {
        guard let treeCount = kernel.treeCount else {
            preconditionFailure("only trees have leaves")
        }
        precondition(rows.columnCount == schema.count, "the block's width is not the schema's")
        precondition(rows.numberType == inputType, "the block's type is not the model's")
        predictions.leaves.reset(columnCount: treeCount, numberType: .float64)
        predictions.leaves.appendRows(rows.rowCount)
        if plan.isEmpty {
            findLeaves(rows, into: &predictions.leaves, &scratch.memory)
        } else {
            plan.run(
                rows, into: &scratch.prepared, as: estimatorType, scratch: &scratch.preprocessing)
            findLeaves(scratch.prepared, into: &predictions.leaves, &scratch.memory)
        }
    }

    private func findLeaves(
        _ rows: borrowing RowBlock, into block: inout RowBlock, _ memory: inout KernelMemory
    ) {
        let count = rows.rowCount
        var target = block.mutableFloat64
        switch kernel {
        case .compactTrees(let own):
            own.forest.findLeaves(rows.float32, rowCount: count, into: &target, gathered: &memory.current)
        case .wideTrees(let own):
            own.forest.findLeaves(rows.float32, rowCount: count, into: &target, gathered: &memory.current)
        case .compactTreesWideSums(let own):
            own.forest.findLeaves(rows.float32, rowCount: count, into: &target, gathered: &memory.current)
        case .wideTreesWideSums(let own):
            own.forest.findLeaves(rows.float32, rowCount: count, into: &target, gathered: &memory.current)
        case .doubleTrees(let own):
            own.forest.findLeaves(rows.float64, rowCount: count, into: &target, gathered: &memory.wideCurrent)
        case .linear, .narrowLinear, .neural, .program, .graph: break
        }
    }
}

extension CompiledModel.Kernel {
    /// Nil when the kernel walks no trees.
    var treeCount: Int? {
        switch self {
        case .compactTrees(let own): own.forest.trees.count
        case .wideTrees(let own): own.forest.trees.count
        case .compactTreesWideSums(let own): own.forest.trees.count
        case .wideTreesWideSums(let own): own.forest.trees.count
        case .doubleTrees(let own): own.forest.trees.count
        case .linear, .narrowLinear, .neural, .program, .graph: nil
        }
    }
}
