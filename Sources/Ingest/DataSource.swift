// SPDX-License-Identifier: Apache-2.0
import Base

/// A file of the data, opened when its turn comes, and again for a second pass; a pipe is kept open.
final class DataSource {
    let path: String
    private var file: SharedFile?

    init(_ path: String) { self.path = path }

    /// The bytes from the first on.
    func stream() throws(IngestError) -> DataStream {
        let file: SharedFile
        if let open = self.file { file = open } else { file = try SharedFile(DataFile(opening: path)) }
        file.rewind()
        self.file = file
        return try DataStream(file, path: path)
    }

    /// Gives a regular file's descriptor back.
    func close() {
        if file?.isPipe == false { file = nil }
    }
}

/// A data file that a stream and its source both hold; used by one thread.
final class SharedFile {
    private var file: DataFile

    init(_ file: consuming DataFile) { self.file = file }

    var isPipe: Bool { file.isPipe }
    var size: Int? { file.size }

    func rewind() { file.rewind() }

    func read(into buffer: inout ByteBuffer) throws(IngestError) -> Bool { try file.read(into: &buffer) }
}
