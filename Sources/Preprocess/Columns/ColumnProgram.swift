// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Tabular

/// Stages of named columns, their names resolved once: a row's columns are registers, each output of a stage
/// has a register of its own, and names are gone. Immutable.
struct ColumnProgram: Sendable {
    struct Instruction: Sendable {
        var inputs: [Int]
        var outputs: Range<Int>
        var operation: ColumnOperation
        /// Of `termWeights`.
        var vocabulary: TermTable?
    }

    private let instructions: [Instruction]
    /// The first are the features, in the schema's order.
    let registerCount: Int
    /// The registers of the columns that the last stage leaves, in their order.
    let outputs: [Int]

    init(
        _ stages: ArraySlice<PreprocessingStage>, schema: FeatureSchema
    ) throws(PreprocessingError) {
        var frame = ColumnFrame(schema)
        var registers: [String: Int] = [:]
        for (index, feature) in schema.features.enumerated() { registers[feature.name] = index }
        var count = schema.count
        var instructions: [Instruction] = []
        for (index, stage) in stages.enumerated() {
            guard case .columns(let columnStage) = stage else { continue }
            do {
                try frame.apply(columnStage, part: "stages[\(index)]")
            } catch {
                throw .columns(stage: index, reason: "\(error)")
            }
            let inputs = columnStage.inputs.map { registers[$0] ?? 0 }
            if case .keep = columnStage.operation {
                registers = Dictionary(
                    zip(columnStage.outputs, inputs), uniquingKeysWith: { first, _ in first })
                continue
            }
            guard count <= PreprocessingPlan.columnLimit - columnStage.outputs.count else {
                throw .tooWide(stage: index, limit: PreprocessingPlan.columnLimit)
            }
            let outputs = count..<count + columnStage.outputs.count
            count = outputs.upperBound
            for (name, register) in zip(columnStage.outputs, outputs) { registers[name] = register }
            instructions.append(
                Instruction(
                    inputs: inputs, outputs: outputs, operation: columnStage.operation,
                    vocabulary: TermTable(columnStage.operation)))
        }
        self.instructions = instructions
        registerCount = count
        outputs = frame.columns.map { registers[$0.name] ?? 0 }
    }

    /// Runs all stages over the registers of a row, the first of which hold its features. Texts are looked up
    /// in `rows`, whose row this is: a text's register is always one of its features.
    func run(_ rows: borrowing RowBlock, row: Int, _ registers: inout [Double]) {
        for instruction in instructions {
            switch instruction.operation {
            case .hash(let rule):
                zero(instruction, &registers)
                guard let text = rows.text(row: row, column: instruction.inputs[0]) else { continue }
                let hash = TermHash(text, count: instruction.outputs.count)
                registers[instruction.outputs.lowerBound + hash.index] = rule.isSigned ? hash.sign : 1
            case .textHash(let rule, let norm):
                zero(instruction, &registers)
                guard let text = rows.text(row: row, column: instruction.inputs[0]) else { continue }
                TextTerms.forEach(text, rule) { term in
                    let hash = TermHash(term, count: instruction.outputs.count)
                    registers[instruction.outputs.lowerBound + hash.index] += rule.isSigned ? hash.sign : 1
                }
                if let norm { normalize(&registers, instruction.outputs, norm) }
            case .termWeights(let rule, _, let weights, let norm):
                zero(instruction, &registers)
                guard let text = rows.text(row: row, column: instruction.inputs[0]),
                    let vocabulary = instruction.vocabulary
                else { continue }
                let first = instruction.outputs.lowerBound
                TextTerms.forEach(text, rule) { term in
                    if let index = vocabulary.index(of: term) { registers[first + index] += 1 }
                }
                for (index, weight) in weights.enumerated() where registers[first + index] != 0 {
                    let count = registers[first + index]
                    registers[first + index] = (rule.isSublinear ? 1 + logarithm(count) : count) * weight
                }
                if let norm { normalize(&registers, instruction.outputs, norm) }
            default: runNumbers(instruction, &registers)
            }
        }
    }

    private func zero(_ instruction: Instruction, _ registers: inout [Double]) {
        for register in instruction.outputs { registers[register] = 0 }
    }

    private func runNumbers(_ instruction: Instruction, _ registers: inout [Double]) {
        let first = instruction.outputs.lowerBound
        switch instruction.operation {
        case .polynomial(let powers):
            let width = instruction.inputs.count
            for output in instruction.outputs.indices {
                var product = 1.0
                for (place, input) in instruction.inputs.enumerated() {
                    for _ in 0..<powers[(output - first) * width + place] { product *= registers[input] }
                }
                registers[output] = product
            }
        case .normalize(let norm):
            for (place, input) in instruction.inputs.enumerated() {
                registers[first + place] = registers[input]
            }
            normalize(&registers, instruction.outputs, norm)
        case .project(let means, let components):
            let width = instruction.inputs.count
            for output in instruction.outputs {
                var sum = 0.0
                for (place, input) in instruction.inputs.enumerated() {
                    sum += (registers[input] - means[place]) * components[(output - first) * width + place]
                }
                registers[output] = sum
            }
        case .oneHot(let positions):
            zero(instruction, &registers)
            let position = positions[entry(registers[instruction.inputs[0]], positions.count - 2)]
            if position >= 0 { registers[first + position] = 1 }
        case .lookup(let values):
            let width = values.count / instruction.outputs.count
            let entry = entry(registers[instruction.inputs[0]], width - 2)
            for output in instruction.outputs { registers[output] = values[(output - first) * width + entry] }
        case .dateParts(let parts):
            let moment = DateParts(registers[instruction.inputs[0]])
            for (place, part) in parts.enumerated() { registers[first + place] = moment?[part] ?? .nan }
        default:
            for (place, input) in instruction.inputs.enumerated() {
                registers[first + place] = instruction.operation.value(registers[input], place)
            }
        }
    }

    /// The place of a code in a table of `count` codes, one entry for unseen ones and one for missing.
    private func entry(_ code: Double, _ count: Int) -> Int {
        if code.isNaN { return count + 1 }
        guard let index = Int(exactly: code), index >= 0, index < count else { return count }
        return index
    }

    private func normalize(_ registers: inout [Double], _ range: Range<Int>, _ norm: Norm) {
        var length = 0.0
        for register in range {
            let value = registers[register]
            switch norm {
            case .l1: length += abs(value)
            case .l2: length += value * value
            case .max: if value.isNaN || abs(value) > length { length = abs(value) }
            }
        }
        if norm == .l2 { length = length.squareRoot() }
        if length == 0 { return }
        for register in range { registers[register] /= length }
    }
}
