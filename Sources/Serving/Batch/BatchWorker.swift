// SPDX-License-Identifier: Apache-2.0
package import Base
internal import Inference
internal import Tabular

/// How many records a run, or a part of it, has seen.
package struct BatchCounts: Sendable, Equatable {
    /// All records, the bad ones included.
    package var records = 0
    /// Those answered with an error record.
    package var errors = 0

    package init() {}

    package mutating func add(_ other: BatchCounts) {
        records += other.records
        errors += other.errors
    }
}

/// Answers chunks of records: from bytes to rows, predictions and bytes again. One a thread.
///
/// A record's answer is the same whatever else is in its chunk.
package struct BatchWorker: ~Copyable {
    private let plan: BatchPlan
    private var block = RecordBlock()
    private var predictions = Predictions()
    private var scratch = InferenceScratch()
    /// Answers to bad records, where they are kept apart.
    private var errorLines = ByteBuffer()

    package init(_ plan: BatchPlan) { self.plan = plan }

    /// Answers the next block of `chunk`, which holds whole records, into `output`.
    ///
    /// - Parameters:
    ///   - offset: where a record begins; moves to the next block's first.
    ///   - line: the line of the file that is; moves along.
    /// - Throws: `badRecord` where the plan stops at one; the answers before it are in `output`.
    package mutating func answer(
        _ chunk: Span<UInt8>, from offset: inout Int, line: inout Int, into output: inout ByteBuffer
    ) throws(BatchError) -> BatchCounts {
        switch plan.reading {
        case .csv(let records, let columns):
            offset = records.read(
                chunk, from: offset, firstLine: line, recordLimit: plan.recordsPerBlock, columns,
                into: &block)
        case .jsonLines(let records):
            offset = records.read(
                chunk, from: offset, firstLine: line, recordLimit: plan.recordsPerBlock, into: &block)
        case .binary(let records):
            offset = records.read(
                chunk, from: offset, firstLine: line, recordLimit: plan.recordsPerBlock, into: &block)
        }
        line += block.lineCount
        var counts = BatchCounts()
        guard block.recordCount > 0 else { return counts }
        plan.model.model.predict(block.rows, into: &predictions, scratch: &scratch)
        guard plan.columns.isAnswered(predictions, records: block.recordCount) else {
            throw .notAnswered(line: line - block.lineCount)
        }
        plan.columns.prepare(plan.model.model, block.rows, &predictions, &scratch)
        counts.records = block.recordCount
        counts.errors = block.errors.count
        let writer = BatchLineWriter(plan)
        if plan.options.stopsAtBadRecord, let bad = block.errors.first {
            writer.append(0..<bad.record, chunk, block, predictions, to: &output)
            throw .badRecord(bad.error)
        }
        if plan.separatesErrors {
            writer.append(
                0..<block.recordCount, chunk, block, predictions, to: &output, errors: &errorLines)
        } else {
            writer.append(0..<block.recordCount, chunk, block, predictions, to: &output)
        }
        return counts
    }

    /// Moves the answers to bad records that were kept apart behind what `output` holds.
    package mutating func moveErrors(to output: inout ByteBuffer) {
        output.append(errorLines.bytes)
        errorLines.clear()
    }
}
