// SPDX-License-Identifier: Apache-2.0
package import ModelFormat
internal import Preprocess
package import Tabular

/// A model made ready to answer: everything checked, everything in the layout that its kernel reads.
/// Immutable.
///
/// The same row gets the same bits whatever else is in its block. Trees and linear models get them on every
/// CPU too; a network's last bits may depend on the CPU and the BLAS.
package final class CompiledModel: Sendable {
    package let schema: FeatureSchema
    package let output: OutputDescription
    package let goldenSamples: [GoldenSample]
    package let statistics: TrainingStatistics?
    package let lineage: Lineage
    /// The type of the blocks that `predict` reads: what the original library casts to, FP32 for trees and
    /// for networks that read the columns as they are, FP64 for linear models and for networks behind
    /// stages (their stages compute in Float64, and are fitted so).
    package let inputType: NumberType
    /// What the model can answer, `predictions` first.
    package let outputs: [OutputSpecification]

    private let plan: PreprocessingPlan
    private let kernel: Kernel
    private let rule: OutputRule

    private enum Kernel: Sendable {
        case linear(LinearKernel)
        case compactTrees(TreeForest<CompactNode>)
        case wideTrees(TreeForest<WideNode>)
        case neural(NeuralKernel)
    }

    package init(_ graph: ModelGraph) throws(InferenceError) {
        do {
            plan = try PreprocessingPlan(graph.stages, inputWidth: graph.schema.count)
        } catch {
            throw .preprocessing(error)
        }
        let marginCount: Int
        (kernel, marginCount) = try Self.compile(graph.estimator, inputCount: plan.outputWidth)
        schema = graph.schema
        output = graph.output
        goldenSamples = graph.goldenSamples
        statistics = graph.statistics
        lineage = graph.lineage
        let numberType: NumberType
        switch graph.estimator {
        case .linear: (inputType, numberType) = (.float64, .float64)
        case .treeEnsemble: (inputType, numberType) = (.float32, .float32)
        case .multilayerPerceptron:
            (inputType, numberType) = (graph.stages.isEmpty ? .float32 : .float64, .float32)
        }
        rule = try OutputRule(graph.output, marginCount: marginCount, numberType: numberType)
        outputs = Self.specifications(rule, labels: graph.output.labels)
    }

    private static func compile(
        _ estimator: Estimator, inputCount: Int
    ) throws(InferenceError) -> (kernel: Kernel, marginCount: Int) {
        switch estimator {
        case .linear(let model):
            return (.linear(try LinearKernel(model, inputCount: inputCount)), model.outputCount)
        case .treeEnsemble(let ensemble):
            let builder = try TreeForestBuilder(ensemble, inputCount: inputCount)
            if let forest = builder.forest(of: CompactNode.self) {
                return (.compactTrees(forest), ensemble.outputCount)
            }
            guard let forest = builder.forest(of: WideNode.self) else {
                throw .arrayLength(name: "tree nodes", expected: Int(Int32.max), got: ensemble.nodeCount)
            }
            return (.wideTrees(forest), ensemble.outputCount)
        case .multilayerPerceptron(let network):
            let kernel = try NeuralKernel(network, inputCount: inputCount)
            return (.neural(kernel), kernel.outputCount)
        }
    }

    private static func specifications(_ rule: OutputRule, labels: ClassLabels?) -> [OutputSpecification] {
        let number: Datatype = rule.numberType == .float32 ? .float32 : .float64
        func width(_ columns: Int) -> Int? { columns == 1 ? nil : columns }
        var outputs = [
            OutputSpecification(
                kind: .predictions, datatype: number, width: width(rule.predictionWidth))
        ]
        if rule.hasProbabilities {
            outputs.append(
                .init(kind: .probabilities, datatype: number, width: rule.classCount))
        }
        switch labels {
        case .strings: outputs.append(.init(kind: .labels, datatype: .bytes, width: nil))
        case .integers: outputs.append(.init(kind: .labels, datatype: .int64, width: nil))
        case nil: break
        }
        outputs.append(
            .init(kind: .margin, datatype: number, width: width(rule.marginCount)))
        return outputs
    }

    /// Answers all of `rows`, a block of `schema.count` columns of `inputType`. Never fails on data: any
    /// number, NaN and infinities included, has an answer.
    package func predict(
        _ rows: borrowing RowBlock, into predictions: inout Predictions, scratch: inout InferenceScratch
    ) {
        precondition(rows.columnCount == schema.count, "the block's width is not the schema's")
        precondition(rows.numberType == inputType, "the block's type is not the model's")
        predictions.reset(rows: rows.rowCount, rule: rule)
        if plan.isEmpty {
            run(rows, into: &predictions.margins, &scratch.current, &scratch.next)
        } else {
            let estimatorType: NumberType = if case .linear = kernel { .float64 } else { .float32 }
            plan.run(rows, into: &scratch.prepared, as: estimatorType, scratch: &scratch.preprocessing)
            run(scratch.prepared, into: &predictions.margins, &scratch.current, &scratch.next)
        }
        predictions.applyTransform()
    }

    private func run(
        _ rows: borrowing RowBlock, into margins: inout RowBlock, _ current: inout [Float],
        _ next: inout [Float]
    ) {
        let rowCount = rows.rowCount
        switch kernel {
        case .linear(let linear):
            var target = margins.mutableFloat64
            linear.run(rows.float64, rowCount: rowCount, into: &target)
        case .compactTrees(let forest):
            var target = margins.mutableFloat32
            forest.run(rows.float32, rowCount: rowCount, into: &target, gathered: &current, sums: &next)
        case .wideTrees(let forest):
            var target = margins.mutableFloat32
            forest.run(rows.float32, rowCount: rowCount, into: &target, gathered: &current, sums: &next)
        case .neural(let neural):
            var target = margins.mutableFloat32
            neural.run(
                rows.float32, rowCount: rowCount, into: &target, current: &current, next: &next)
        }
    }
}
