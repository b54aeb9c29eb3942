// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Preprocess
internal import Tabular

/// A row program made ready: models inside it compiled, stages checked. Immutable.
///
/// Rows go through the steps some at a time; no step looks at two rows, so an answer is the same whatever the
/// batch.
struct RowProgramKernel: Sendable {
    private enum Work: Sendable {
        case plain(RowOperation)
        case stages(PreprocessingPlan)
        case model(CompiledModel, RowAnswer)
    }

    private struct Step: Sendable {
        var work: Work
        var inputs: [Int]
        var width: Int
    }

    private let steps: [Step]
    let inputCount: Int
    let outputCount: Int

    private static let blockRows = 64

    init(_ program: RowProgram, inputCount: Int) throws(InferenceError) {
        guard program.inputWidth == inputCount else {
            throw .arrayLength(name: "columns of the program", expected: program.inputWidth, got: inputCount)
        }
        var steps: [Step] = []
        for (index, step) in program.steps.enumerated() {
            let work: Work
            switch step.operation {
            case .stages(let stages):
                do {
                    work = .stages(
                        try PreprocessingPlan(stages, inputWidth: program.widths[step.inputs[0]]))
                } catch {
                    throw .preprocessing(error)
                }
            case .model(let graph, let answer): work = .model(try CompiledModel(graph), answer)
            default: work = .plain(step.operation)
            }
            let width = program.widths[index + 1]
            // What models and stages make is decided by rules of theirs: the file may say otherwise.
            let found = Self.trialWidth(work, inputWidth: step.inputs.first.map { program.widths[$0] } ?? 0)
            guard found ?? width == width else {
                throw .arrayLength(
                    name: "numbers of step \(index) of the program", expected: width, got: found ?? 0)
            }
            steps.append(Step(work: work, inputs: step.inputs, width: width))
        }
        self.steps = steps
        self.inputCount = inputCount
        outputCount = program.outputCount
    }

    /// How many numbers a model or stages make of a row of zeros; nil for other steps.
    private static func trialWidth(_ work: Work, inputWidth: Int) -> Int? {
        let zeros = [Double](repeating: 0, count: inputWidth)
        return switch work {
        case .plain: nil
        case .stages(let plan): run(plan, zeros, 1).count
        case .model(let model, let answer): ask(model, answer, zeros, 1).count
        }
    }

    /// `rows` has shape [rows, inputCount], `margins` [rows, outputCount].
    func run(_ rows: Span<Double>, rowCount: Int, into margins: inout MutableSpan<Double>) {
        precondition(rows.count == rowCount * inputCount, "the rows have another width than the model")
        var first = 0
        while first < rowCount {
            let count = min(rowCount - first, RowProgramKernel.blockRows)
            let block = (first * inputCount..<(first + count) * inputCount).map { rows[$0] }
            let results = run(block, rowCount: count)
            for (index, result) in results.enumerated() { margins[first * outputCount + index] = result }
            first += count
        }
    }

    private func run(_ rows: [Double], rowCount: Int) -> [Double] {
        var values = [rows]
        values.reserveCapacity(steps.count + 1)
        for step in steps {
            let inputs = step.inputs.map { values[$0] }
            switch step.work {
            case .plain(let operation):
                values.append(
                    RowProgramKernel.apply(operation, inputs, rowCount: rowCount, width: step.width))
            case .stages(let plan): values.append(RowProgramKernel.run(plan, inputs[0], rowCount))
            case .model(let model, let answer):
                values.append(RowProgramKernel.ask(model, answer, inputs[0], rowCount))
            }
        }
        return values[values.count - 1]
    }

    private static func block(_ numbers: [Double], _ rowCount: Int, type: NumberType) -> RowBlock {
        var block = RowBlock()
        let width = numbers.count / rowCount
        block.reset(columnCount: width, numberType: type)
        block.appendRows(rowCount)
        for row in 0..<rowCount {
            for column in 0..<width { block.set(numbers[row * width + column], row: row, column: column) }
        }
        return block
    }

    private static func numbers(_ block: borrowing RowBlock) -> [Double] {
        var numbers: [Double] = []
        numbers.reserveCapacity(block.rowCount * block.columnCount)
        for row in 0..<block.rowCount {
            for column in 0..<block.columnCount { numbers.append(block.value(row: row, column: column)) }
        }
        return numbers
    }

    private static func run(_ plan: PreprocessingPlan, _ numbers: [Double], _ rowCount: Int) -> [Double] {
        let rows = block(numbers, rowCount, type: .float64)
        var prepared = RowBlock()
        var scratch = PreprocessingScratch()
        plan.run(rows, into: &prepared, as: .float64, scratch: &scratch)
        return Self.numbers(prepared)
    }

    private static func ask(
        _ model: CompiledModel, _ answer: RowAnswer, _ numbers: [Double], _ rowCount: Int
    ) -> [Double] {
        let rows = block(numbers, rowCount, type: model.inputType)
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.predict(rows, into: &predictions, scratch: &scratch)
        if answer == .margins { return Self.numbers(predictions.margins) }
        if model.outputs.contains(where: { $0.kind == .probabilities }) {
            predictions.deriveProbabilities()
            return Self.numbers(predictions.probabilities)
        }
        return Self.numbers(predictions.values)
    }
}
