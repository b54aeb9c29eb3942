// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc
internal import HTTP

/// An answer's body out of a stretch of a file.
///
/// State: owned by the loop's thread.
final class FileWriter: BodyWriter {
    private let path: String
    private let descriptor: FileDescriptor
    private var position: Int
    private let end: Int

    /// Nil when the file cannot be opened.
    init?(_ path: String, _ range: Range<Int>) {
        do { descriptor = try FileDescriptor(opening: path, O_RDONLY) } catch { return nil }
        self.path = path
        position = range.lowerBound
        end = range.upperBound
    }

    func begin(_ signal: StreamSignal) {}

    func write(into piece: inout ByteBuffer, bytes: Int) -> BodySupply {
        guard position < end else { return .end }
        guard
            let got = try? JobInput.read(
                descriptor, path, into: &piece, from: position, count: min(bytes, end - position)), got > 0
        else { return .failed }
        position += got
        return position < end ? .more : .end
    }

    func cancelled() {}
}
