// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Synchronization

/// An answer's body out of a spool file, at the client's pace, also while the file grows.
///
/// State: owned by the loop's thread.
final class SpoolWriter: BodyWriter {
    private var file: SpoolFile?
    private let counts: BatchCountsBox
    private var offset = 0

    init(_ file: SpoolFile, _ counts: BatchCountsBox) {
        self.file = file
        self.counts = counts
    }

    func begin(_ signal: StreamSignal) {}

    func write(into piece: inout ByteBuffer, bytes: Int) -> BodySupply {
        guard let file else { return .failed }
        let stage = file.stage
        let count = min(bytes, file.byteCount - offset)
        if count > 0 {
            let before = piece.count
            guard file.read(into: &piece, from: offset, count: count) else { return .failed }
            offset += piece.count - before
            file.release(upTo: offset)
        }
        if offset < file.byteCount { return .more }
        switch stage {
        case .growing: return .pending
        case .complete:
            self.file = nil
            return .end
        case .failed:
            self.file = nil
            piece.append(file.lastWords.span)
            return .failed
        }
    }

    func cancelled() { file = nil }

    func writeTrailers(into output: inout ByteBuffer) {
        let counts = counts.value
        output.append("Modeld-Records: " as StaticString)
        output.append(decimal: Int64(counts.records))
        output.append("\r\nModeld-Errors: " as StaticString)
        output.append(decimal: Int64(counts.errors))
        output.append("\r\n" as StaticString)
    }
}

/// The counts of a run that one thread writes and another reads.
final class BatchCountsBox: Sendable {
    private let counts = Mutex(BatchCounts())

    var value: BatchCounts { counts.withLock { $0 } }

    func add(_ more: BatchCounts) { counts.withLock { $0.add(more) } }
}
