// SPDX-License-Identifier: Apache-2.0
import Base

/// The records of one chunk of a file, ready for a kernel: one row a record, good or bad.
///
/// The memory is kept from chunk to chunk.
package struct RecordBlock: ~Copyable {
    /// One row for each record, in the order of the file; that of a bad record means nothing.
    package var rows = RowBlock()
    /// The bad records, in the order of the file.
    package internal(set) var errors: [BadRecord] = []
    /// For each record, as many as the plan hands on; row by row.
    package internal(set) var kept: [KeptCell] = []
    /// Texts of kept cells that do not stand in the chunk as they are.
    package internal(set) var decoded = ByteBuffer()
    /// Lines read, those without a record included.
    package internal(set) var lineCount = 0

    package init() {}

    package struct BadRecord: Sendable, Equatable {
        /// Its number in the block, from 0.
        package var record: Int
        package var error: RecordError
    }

    package var recordCount: Int { rows.rowCount }

    /// Starts a chunk for a model of `columnCount` features.
    mutating func reset(columnCount: Int, numberType: NumberType) {
        rows.reset(columnCount: columnCount, numberType: numberType)
        errors.removeAll(keepingCapacity: true)
        kept.removeAll(keepingCapacity: true)
        decoded.clear()
        lineCount = 0
    }
}

/// A cell that is handed on from a record to its answer.
package struct KeptCell: Sendable, Equatable {
    package enum Form: Sendable, Equatable {
        /// The record has no such cell.
        case absent
        /// Text in the chunk.
        case text
        /// Text in `RecordBlock.decoded`.
        case decodedText
        /// A value of JSON in the chunk.
        case json
    }

    package var form: Form
    package var start: UInt32
    package var end: UInt32

    package static let absent = KeptCell(form: .absent, start: 0, end: 0)

    package var range: Range<Int> { Int(start)..<Int(end) }
}
