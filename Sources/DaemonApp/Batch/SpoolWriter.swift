// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP

/// An answer's body out of a spool file, at the client's pace.
///
/// State: owned by the loop's thread.
final class SpoolWriter: BodyWriter {
    private var file: SpoolFile?
    private var offset = 0

    init(_ file: SpoolFile) { self.file = file }

    func begin(_ signal: StreamSignal) {}

    func write(into piece: inout ByteBuffer, bytes: Int) -> BodySupply {
        guard let file else { return .failed }
        let count = min(bytes, file.byteCount - offset)
        if count > 0 {
            let before = piece.count
            guard file.read(into: &piece, from: offset, count: count) else { return .failed }
            offset += piece.count - before
        }
        if offset < file.byteCount { return .more }
        self.file = nil
        return .end
    }

    func cancelled() { file = nil }
}
