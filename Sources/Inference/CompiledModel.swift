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
    /// The type of the blocks that `predict` reads: what the original library casts to; FP64 for networks
    /// behind stages (their stages compute in Float64, and are fitted so).
    package let inputType: NumberType
    /// What the model can answer, `predictions` first.
    package let outputs: [OutputSpecification]
    /// What an operator graph takes, each tensor by its name; nil for a model that takes rows of features.
    package let tensorInputs: [TensorSpecification]?

    /// The margins that a request may give its rows to start from; nil: none.
    package let rowMarginInput: RowMarginInput?

    let plan: PreprocessingPlan
    let kernel: Kernel
    let explainer: Explainer?
    private let rule: OutputRule
    /// What the kernel reads, behind the stages.
    let estimatorType: NumberType

    enum Kernel: Sendable {
        case linear(LinearKernel)
        case narrowLinear(NarrowLinearKernel)
        case compactTrees(CompiledTrees<CompactNode, Float>)
        case wideTrees(CompiledTrees<WideNode, Float>)
        /// Float32 comparisons, Float64 sums.
        case compactTreesWideSums(CompiledTrees<CompactNode, Double>)
        case wideTreesWideSums(CompiledTrees<WideNode, Double>)
        case doubleTrees(CompiledTrees<DoubleNode, Double>)
        case neural(NeuralKernel)
        case program(RowProgramKernel)
        case graph(GraphModel)
    }

    /// A graph that nobody else holds gives its weights back one layer after the other: a large network takes
    /// little more memory while it is compiled than before.
    ///
    /// - Parameter session: runs an operator graph instead of our own operators; it has been made of the same
    ///   file as `graph`.
    package init(
        _ graph: consuming ModelGraph, session: ONNXRuntimeSession? = nil
    ) throws(InferenceError) {
        var graph = graph
        do {
            plan = try PreprocessingPlan(graph.stages, schema: graph.schema)
        } catch {
            throw .preprocessing(error)
        }
        let sources = columnSources(graph.stages, graph.schema)
        let marginCount: Int
        estimatorType = graph.inputType
        if case .multilayerPerceptron(let network) = graph.estimator {
            graph.estimator = .multilayerPerceptron(MultilayerPerceptron(layers: []))
            let kernel = try NeuralKernel(consume network, inputCount: plan.outputWidth)
            (self.kernel, explainer, marginCount) = (.neural(kernel), nil, kernel.outputCount)
        } else {
            (kernel, explainer, marginCount) = try Self.compile(
                graph.estimator, inputCount: plan.outputWidth, sources: sources, session: session)
        }
        schema = graph.schema
        output = graph.output
        goldenSamples = graph.goldenSamples
        statistics = graph.statistics
        lineage = graph.lineage
        let numberType: NumberType
        switch graph.estimator {
        case .linear(let model):
            // Dates are seconds, which Float32 cannot tell apart.
            let isNamed = graph.stages.first?.isNamed == true
            (inputType, numberType) = (isNamed ? .float64 : model.numberType, model.numberType)
        case .treeEnsemble(let ensemble):
            // Stages that compute on numbers were fitted in Float64; the trees behind them cast.
            let isComputed = graph.stages.contains(where: \.computesOnNumbers)
            (inputType, numberType) = (
                isComputed ? .float64 : ensemble.rules.inputType, ensemble.rules.sumType
            )
        case .multilayerPerceptron:
            (inputType, numberType) = (graph.stages.isEmpty ? .float32 : .float64, .float32)
        case .rowProgram: (inputType, numberType) = (.float64, .float64)
        case .operatorGraph(let operators):
            inputType = operators.blockType
            if case .graph(let model) = kernel {
                numberType = model.isPrimaryDouble ? .float64 : .float32
            } else {
                numberType = .float32
            }
        }
        rule = try OutputRule(graph.output, marginCount: marginCount, numberType: numberType)
        if case .treeEnsemble(let ensemble) = graph.estimator, let kind = ensemble.rules.rowMargins {
            rowMarginInput = RowMarginInput(
                kind: kind, baseMargins: ensemble.baseMargins, numberType: numberType)
        } else {
            rowMarginInput = nil
        }
        if case .graph(let model) = kernel {
            outputs = model.outputs
            tensorInputs = model.inputs
        } else {
            outputs =
                Self.specifications(rule, graph.output)
                + Self.explanations(explainer, kernel, outputCount: marginCount, featureCount: schema.count)
            tensorInputs = nil
        }
    }

    private static func specifications(
        _ rule: OutputRule, _ output: OutputDescription
    ) -> [OutputSpecification] {
        let labels = output.labels
        let number: Datatype = rule.numberType == .float32 ? .float32 : .float64
        func width(_ columns: Int) -> Int? { columns == 1 ? nil : columns }
        var outputs = [
            OutputSpecification(
                kind: .predictions, datatype: number, width: width(rule.predictionWidth))
        ]
        if output.predictsLabels {
            let isText = if case .strings = labels { true } else { false }
            outputs = [
                OutputSpecification(kind: .predictions, datatype: isText ? .bytes : .int64, width: nil)
            ]
        }
        if rule.hasProbabilities {
            outputs.append(
                .init(kind: .probabilities, datatype: number, width: rule.classCount))
        }
        switch labels {
        case .strings: outputs.append(.init(kind: .labels, datatype: .bytes, width: nil))
        case .integers: outputs.append(.init(kind: .labels, datatype: .int64, width: nil))
        case nil: break
        }
        if output.interval != nil {
            outputs.append(.init(kind: .lower, datatype: number, width: nil))
            outputs.append(.init(kind: .upper, datatype: number, width: nil))
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
        predict(rows, range: 0..<rows.rowCount, into: &predictions, scratch: &scratch)
    }

    /// Makes room in `predictions` for answers to `rows` rows, which the caller inserts.
    package func begin(_ predictions: inout Predictions, rows: Int) {
        predictions.reset(rows: rows, rule: rule)
    }

    /// Answers the rows of `range`. Threads may do so with ranges of one block at a time, each into
    /// predictions and scratch of its own; a row's answer is the same whatever the range.
    package func predict(
        _ rows: borrowing RowBlock, range: Range<Int>, into predictions: inout Predictions,
        scratch: inout InferenceScratch
    ) {
        answer(rows, range, RowMargins(), into: &predictions, scratch: &scratch)
    }

    func answer(
        _ rows: borrowing RowBlock, _ range: Range<Int>, _ rowMargins: borrowing RowMargins,
        into predictions: inout Predictions, scratch: inout InferenceScratch
    ) {
        precondition(rows.columnCount == schema.count, "the block's width is not the schema's")
        precondition(rows.numberType == inputType, "the block's type is not the model's")
        precondition(range.lowerBound >= 0 && range.upperBound <= rows.rowCount, "rows beyond the block")
        predictions.reset(rows: range.count, rule: rule)
        if case .graph(let model) = kernel {
            model.run(
                rows, range: range, into: &predictions.margins, answers: &predictions.tensors,
                frame: scratch.graphFrame)
        } else if plan.isEmpty {
            runKernel(rows, range, rowMargins, into: &predictions.margins, &scratch.memory)
        } else {
            plan.run(
                rows, range: range, into: &scratch.prepared, as: estimatorType,
                scratch: &scratch.preprocessing)
            runKernel(
                scratch.prepared, 0..<range.count, rowMargins, into: &predictions.margins, &scratch.memory)
        }
        predictions.applyTransform()
    }
}
