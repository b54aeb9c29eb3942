// SPDX-License-Identifier: Apache-2.0
package import ModelFormat
package import Tabular

/// Fitted stages, checked once, to be run over blocks of rows.
///
/// Trainer and daemon run this same code, so that a row means the same to both. Numbers are Float64 between
/// the stages whatever the type of the blocks: a FP32 block is widened on the way in, a FP32 result is
/// rounded once on the way out. Immutable.
package struct PreprocessingPlan: Sendable {
    package let inputWidth: Int
    package let outputWidth: Int
    /// Those of named columns, which run first; nil when there is none.
    private let program: ColumnProgram?
    /// The others.
    private let stages: [PreprocessingStage]
    private let widthMax: Int

    /// The most columns that stages may make out of a row.
    package static let columnLimit = 1 << 24

    /// The plan of a model whose features are those of `schema`.
    package init(_ stages: [PreprocessingStage], schema: FeatureSchema) throws(PreprocessingError) {
        let named = stages.prefix { $0.isNamed }
        if named.isEmpty {
            program = nil
            (self.stages, inputWidth) = (stages, schema.count)
            (outputWidth, widthMax) = try Self.widths(stages, from: schema.count, firstStage: 0)
            return
        }
        let program = try ColumnProgram(named, schema: schema)
        self.program = program
        self.stages = Array(stages.dropFirst(named.count))
        inputWidth = schema.count
        (outputWidth, widthMax) = try Self.widths(
            self.stages, from: program.outputs.count, firstStage: named.count)
    }

    /// The plan of stages without names.
    package init(_ stages: [PreprocessingStage], inputWidth: Int) throws(PreprocessingError) {
        program = nil
        self.stages = stages
        self.inputWidth = inputWidth
        (outputWidth, widthMax) = try Self.widths(stages, from: inputWidth, firstStage: 0)
    }

    private static func widths(
        _ stages: [PreprocessingStage], from inputWidth: Int, firstStage: Int
    ) throws(PreprocessingError) -> (output: Int, max: Int) {
        var width = inputWidth
        var widthMax = inputWidth
        for (index, stage) in stages.enumerated() {
            if case .encode(let encodings) = stage {
                var total = 0
                for encoding in encodings {
                    let added = encoding.width
                    guard added >= 0, added <= Self.columnLimit - total else {
                        throw .tooWide(stage: firstStage + index, limit: Self.columnLimit)
                    }
                    total += added
                }
            }
            guard let next = stage.outputWidth(from: width) else {
                throw .widthMismatch(stage: firstStage + index, width: width)
            }
            width = next
            widthMax = max(widthMax, next)
        }
        return (width, widthMax)
    }

    /// True when rows pass unchanged, so that a caller can read them where they are.
    package var isEmpty: Bool { stages.isEmpty && program == nil }

    /// Runs all stages over `rows`, or a range of them, and puts the results into `output`, whose type is set
    /// to `numberType`.
    package func run(
        _ rows: borrowing RowBlock, range: Range<Int>? = nil, into output: inout RowBlock,
        as numberType: NumberType, scratch: inout PreprocessingScratch
    ) {
        precondition(rows.columnCount == inputWidth, "the block's width is not the plan's")
        let range = range ?? 0..<rows.rowCount
        output.reset(columnCount: outputWidth, numberType: numberType)
        output.appendRows(range.count)
        scratch.reserve(widthMax, registers: program?.registerCount ?? 0)
        for row in 0..<range.count {
            var width: Int
            if let program {
                load(rows, row: range.lowerBound + row, into: &scratch.registers)
                program.run(rows, row: range.lowerBound + row, &scratch.registers)
                width = program.outputs.count
                for (column, register) in program.outputs.enumerated() {
                    scratch.current[column] = scratch.registers[register]
                }
            } else {
                load(rows, row: range.lowerBound + row, into: &scratch.current)
                width = inputWidth
            }
            for stage in stages {
                width = apply(stage, width: width, &scratch.current, &scratch.next)
            }
            store(scratch.current, row: row, into: &output)
        }
    }

    private func load(_ rows: borrowing RowBlock, row: Int, into values: inout [Double]) {
        let first = row * inputWidth
        var target = values.mutableSpan
        switch rows.numberType {
        case .float32:
            let source = rows.float32
            for column in 0..<inputWidth { target[column] = Double(source[first + column]) }
        case .float64:
            let source = rows.float64
            for column in 0..<inputWidth { target[column] = source[first + column] }
        }
    }

    private func store(_ values: [Double], row: Int, into output: inout RowBlock) {
        let first = row * outputWidth
        let source = values.span
        switch output.numberType {
        case .float32:
            var target = output.mutableFloat32
            for column in 0..<outputWidth { target[first + column] = Float(source[column]) }
        case .float64:
            var target = output.mutableFloat64
            for column in 0..<outputWidth { target[first + column] = source[column] }
        }
    }

    /// One stage over `current`, in place where the width stays; returns the new width.
    private func apply(
        _ stage: PreprocessingStage, width: Int, _ current: inout [Double], _ next: inout [Double]
    ) -> Int {
        switch stage {
        case .impute(let values):
            var row = current.mutableSpan
            for column in 0..<width where row[column].isNaN { row[column] = values[column] }
            return width
        case .scale(let offsets, let divisors):
            var row = current.mutableSpan
            for column in 0..<width { row[column] = (row[column] - offsets[column]) / divisors[column] }
            return width
        case .affine(let multipliers, let addends):
            var row = current.mutableSpan
            for column in 0..<width { row[column] = row[column] * multipliers[column] + addends[column] }
            return width
        case .recode(let lists):
            for (column, list) in lists.enumerated() where !list.isEmpty && !current[column].isNaN {
                let code = list.firstIndex(of: current[column]).map(Double.init)
                current[column] = code ?? FeatureKind.unseenCategory
            }
            return width
        case .select(let columns):
            for (target, source) in columns.enumerated() { next[target] = current[source] }
            swap(&current, &next)
            return columns.count
        case .encode(let encodings):
            let width = encode(encodings, current.span, into: &next)
            swap(&current, &next)
            return width
        case .columns: preconditionFailure("stages of named columns run as a program, before the others")
        case .categoryStatistics(let statistics):
            for (index, table) in statistics.tables.enumerated() {
                let value = Double(statistics.value(of: table, in: current.span))
                current[width + index] = value
            }
            return width + statistics.tables.count
        }
    }

    private func encode(
        _ encodings: [PreprocessingStage.ColumnEncoding], _ row: Span<Double>, into next: inout [Double]
    ) -> Int {
        var target = next.mutableSpan
        var position = 0
        for (column, encoding) in encodings.enumerated() {
            let code = row[column]
            switch encoding {
            case .pass:
                target[position] = code
                position += 1
            case .ordinal:
                target[position] = code == FeatureKind.unseenCategory ? .nan : code
                position += 1
            case .oneHot(let categoryCount):
                for category in 0..<categoryCount { target[position + category] = 0 }
                // A code that is no index of the list (unseen, missing, fractional) matches none.
                if let category = Int(exactly: code), category >= 0, category < categoryCount {
                    target[position + category] = 1
                }
                position += categoryCount
            }
        }
        return position
    }
}

/// Memory that a plan needs for a row, kept between blocks by whoever runs it; one a thread.
package struct PreprocessingScratch: ~Copyable {
    fileprivate var current: [Double] = []
    fileprivate var next: [Double] = []
    fileprivate var registers: [Double] = []

    package init() {}

    fileprivate mutating func reserve(_ width: Int, registers count: Int) {
        if registers.count < count { registers = Array(repeating: 0, count: count) }
        guard current.count < width || next.count < width else { return }
        current = Array(repeating: 0, count: width)
        next = Array(repeating: 0, count: width)
    }
}
