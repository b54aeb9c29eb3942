// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography

/// A file of the data, opened when its turn comes, and again for a second pass; a pipe is kept open, and so
/// is what a query answered.
final class DataSource {
    /// What messages and the lineage call it.
    let path: String
    let format: DataFormat
    private let statement: String?
    private let isFile: Bool
    private var file: SharedFile?
    private var answer: Answer?

    private struct Answer {
        let file: AnswerFile
        /// Of the Parquet file; nil for a query.
        let digest: (sha256: String, byteCount: Int)?
    }

    init(_ path: String, format: DataFormat?) {
        self.path = path
        self.format = format ?? DataFormat(name: path)
        statement = self.format == .parquet ? QueryRun.statement(parquet: path) : nil
        isFile = true
    }

    /// The rows that SQL gives.
    init(query: String) {
        path = "query"
        format = .csv
        statement = query
        isFile = false
    }

    /// Whether the tool that answers queries writes what is read.
    var isAnswer: Bool { statement != nil }

    /// The bytes from the first on.
    func stream() throws(IngestError) -> DataStream {
        let file: SharedFile
        if let open = self.file {
            file = open
        } else {
            file = try SharedFile(DataFile(opening: try place()))
        }
        file.rewind()
        self.file = file
        return try DataStream(file, path: path)
    }

    /// The digest and size of what was read: those of a Parquet file are the file's, not the answer's.
    func facts(_ read: (sha256: String, byteCount: Int)) -> (sha256: String, byteCount: Int) {
        guard answer != nil else { return read }
        return answer?.digest ?? read
    }

    /// Gives a regular file's descriptor back.
    func close() {
        if file?.isPipe == false { file = nil }
    }

    private func place() throws(IngestError) -> String {
        guard let statement else { return path }
        if answer == nil {
            let before = isFile ? try DataSource.digest(path) : nil
            let file = try QueryRun.answer(statement)
            if let before, try DataSource.digest(path).sha256 != before.sha256 {
                throw .changedWhileReading(path: path)
            }
            answer = Answer(file: file, digest: before)
        }
        return answer?.file.path ?? path
    }

    private static func digest(_ path: String) throws(IngestError) -> (sha256: String, byteCount: Int) {
        var file = try DataFile(opening: path)
        var digest = SHA256()
        var buffer = ByteBuffer(capacity: 1 << 18)
        var count = 0
        while try file.read(into: &buffer) {
            digest.update(buffer.bytes)
            count += buffer.count
        }
        return (digest.finish().hexadecimal, count)
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
