// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Tabular

/// Which kernel a model gets, and how it is called: the one place that names them all.
extension CompiledModel {
    /// `sources` says which input feature each column of the estimator comes from, where each comes from one.
    static func compile(
        _ estimator: Estimator, inputCount: Int, sources: [Int32]?, session: ONNXRuntimeSession?
    ) throws(InferenceError) -> (Kernel, Explainer?, marginCount: Int) {
        switch estimator {
        case .linear(let model):
            let explainer = sources.map {
                Explainer.linear(LinearExplanation(model: model, sources: $0))
            }
            if model.numberType == .float32 {
                let kernel = try NarrowLinearKernel(model, inputCount: inputCount)
                return (.narrowLinear(kernel), explainer, model.outputCount)
            }
            return (.linear(try LinearKernel(model, inputCount: inputCount)), explainer, model.outputCount)
        case .treeEnsemble(let ensemble):
            let builder = try TreeForestBuilder(ensemble, inputCount: inputCount)
            let explainer = sources.flatMap { builder.explanation(sources: $0) }.map { Explainer.trees($0) }
            return (try compile(ensemble, builder), explainer, ensemble.outputCount)
        case .multilayerPerceptron:
            preconditionFailure("a network is compiled where its weights can be given back")
        case .rowProgram(let program):
            let kernel = try RowProgramKernel(program, inputCount: inputCount)
            return (.program(kernel), nil, kernel.outputCount)
        case .operatorGraph(let graph):
            do {
                let model = try GraphModel(graph, session: session)
                return (.graph(model), nil, max(1, model.primaryWidth))
            } catch {
                throw .graph(error)
            }
        }
    }

    private static func compile(
        _ ensemble: TreeEnsemble, _ builder: TreeForestBuilder
    ) throws(InferenceError) -> Kernel {
        switch (ensemble.rules.inputType, ensemble.rules.sumType) {
        case (.float32, .float32):
            if let trees = CompiledTrees(builder, nodes: CompactNode.self, sums: Float.self) {
                return .compactTrees(trees)
            }
            if let trees = CompiledTrees(builder, nodes: WideNode.self, sums: Float.self) {
                return .wideTrees(trees)
            }
        case (.float32, .float64):
            if let trees = CompiledTrees(builder, nodes: CompactNode.self, sums: Double.self) {
                return .compactTreesWideSums(trees)
            }
            if let trees = CompiledTrees(builder, nodes: WideNode.self, sums: Double.self) {
                return .wideTreesWideSums(trees)
            }
        case (.float64, .float64):
            if let trees = CompiledTrees(builder, nodes: DoubleNode.self, sums: Double.self) {
                return .doubleTrees(trees)
            }
        case (.float64, .float32): throw .treeTypes
        }
        throw .arrayLength(name: "tree nodes", expected: Int(Int32.max), got: ensemble.nodeCount)
    }

    /// The margins of the rows of `range`.
    func runKernel(
        _ rows: borrowing RowBlock, _ range: Range<Int>, _ rowMargins: borrowing RowMargins,
        into margins: inout RowBlock, _ memory: inout KernelMemory
    ) {
        let rowCount = range.count
        let cells = range.lowerBound * rows.columnCount..<range.upperBound * rows.columnCount
        switch kernel {
        case .linear(let linear):
            var target = margins.mutableFloat64
            linear.run(rows.float64.extracting(cells), rowCount: rowCount, into: &target)
        case .narrowLinear(let linear):
            var target = margins.mutableFloat32
            linear.run(rows.float32.extracting(cells), rowCount: rowCount, into: &target)
        case .compactTrees(let trees):
            var target = margins.mutableFloat32
            trees.run(
                rows.float32.extracting(cells), rowCount: rowCount, rowMargins: rowMargins.float32,
                into: &target, gathered: &memory.current,
                sums: &memory.next)
        case .wideTrees(let trees):
            var target = margins.mutableFloat32
            trees.run(
                rows.float32.extracting(cells), rowCount: rowCount, rowMargins: rowMargins.float32,
                into: &target, gathered: &memory.current,
                sums: &memory.next)
        case .compactTreesWideSums(let trees):
            var target = margins.mutableFloat64
            trees.run(
                rows.float32.extracting(cells), rowCount: rowCount, rowMargins: rowMargins.float64,
                into: &target, gathered: &memory.current,
                sums: &memory.wideNext)
        case .wideTreesWideSums(let trees):
            var target = margins.mutableFloat64
            trees.run(
                rows.float32.extracting(cells), rowCount: rowCount, rowMargins: rowMargins.float64,
                into: &target, gathered: &memory.current,
                sums: &memory.wideNext)
        case .doubleTrees(let trees):
            var target = margins.mutableFloat64
            trees.run(
                rows.float64.extracting(cells), rowCount: rowCount, rowMargins: rowMargins.float64,
                into: &target, gathered: &memory.wideCurrent,
                sums: &memory.wideNext)
        case .neural(let neural):
            var target = margins.mutableFloat32
            neural.run(
                rows.float32.extracting(cells), rowCount: rowCount, into: &target, memory: &memory.layers)
        case .program(let program):
            var target = margins.mutableFloat64
            program.run(rows.float64.extracting(cells), rowCount: rowCount, into: &target)
        case .graph: preconditionFailure("operator graphs run in a frame of their own")
        }
    }
}
