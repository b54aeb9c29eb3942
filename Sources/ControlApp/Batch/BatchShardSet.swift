// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography

/// All shards of one run, found by the names of their files.
struct BatchShardSet {
    let output: String
    private(set) var manifests: [BatchManifest] = []
    /// What is missing or wrong, one line each.
    private(set) var problems: [String] = []

    /// - Parameter readsAnswers: their digests are checked too.
    init(_ output: String, count: Int, readsAnswers: Bool) {
        self.output = output
        for index in 0..<count {
            guard let shard = BatchShard(index: index, count: count) else { continue }
            let path = shard.path(of: output)
            guard let manifest = BatchManifest.read(beside: path) else {
                problems.append("\(path): not finished (no manifest)")
                continue
            }
            if manifest.shard != shard || !(manifests.first?.isOfSameRun(as: manifest) ?? true) {
                problems.append("\(path): of another run: its input, model or options differ")
            } else if readsAnswers {
                if let problem = Self.check(path, manifest) { problems.append(problem) }
            }
            manifests.append(manifest)
        }
    }

    private static func check(_ path: String, _ manifest: BatchManifest) -> String? {
        var digest = SHA256()
        var count = 0
        do throws(BatchFailure) {
            let stream = try open(path)
            while let piece = try nextPiece(stream) {
                digest.update(piece.span)
                count += piece.count
            }
        } catch {
            return error.description
        }
        let found = digest.finish().hexadecimal
        let isWhole = count == manifest.bytes && found == manifest.sha256
        return isWhole ? nil : "\(path): not the answers that its manifest describes"
    }

    static func open(_ path: String) throws(BatchFailure) -> InputStream {
        do { return try InputStream(path) } catch { throw .permanent(error.description) }
    }

    /// Nil at the end.
    static func nextPiece(_ stream: InputStream) throws(BatchFailure) -> [UInt8]? {
        do {
            let piece = try stream.read()
            return piece.isEmpty ? nil : piece
        } catch {
            throw BatchFailure(error)
        }
    }

    var records: Int { manifests.reduce(0) { $0 + $1.records } }
    var errors: Int { manifests.reduce(0) { $0 + $1.errors } }
}
