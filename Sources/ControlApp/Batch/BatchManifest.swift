// SPDX-License-Identifier: Apache-2.0
import Base
import Serving

/// What a file of answers is, in a file of its own beside it: `PATH.manifest.json`.
struct BatchManifest: Equatable {
    /// The file of records: its name and size in bytes.
    var input: String
    var inputSize: Int
    /// Nanoseconds since the epoch.
    var inputModified: Int
    var model: String
    var version: String
    /// SHA-256 of the model file.
    var modelDigest: String
    /// What was asked for, in words that are equal when the answers must be.
    var options: String
    var shard: BatchShard
    var records: Int
    var errors: Int
    var headerBytes: Int
    var bytes: Int
    /// Of the answers.
    var sha256: String

    static func path(of output: String) -> String { "\(output).manifest.json" }

    /// Whether both are answers to the same file of records, by the same model, in the same form.
    func isOfSameRun(as other: BatchManifest) -> Bool {
        inputSize == other.inputSize && inputModified == other.inputModified && input == other.input
            && modelDigest == other.modelDigest && options == other.options
            && shard.count == other.shard.count
    }

    var document: JSONValue {
        .object(
            JSONObject(pairs: [
                ("input", .string(input)), ("input_size", .integer(Int64(inputSize))),
                ("input_modified", .integer(Int64(inputModified))), ("model", .string(model)),
                ("version", .string(version)), ("model_digest", .string(modelDigest)),
                ("options", .string(options)), ("shard", .integer(Int64(shard.index))),
                ("shards", .integer(Int64(shard.count))), ("records", .integer(Int64(records))),
                ("errors", .integer(Int64(errors))), ("header_bytes", .integer(Int64(headerBytes))),
                ("bytes", .integer(Int64(bytes))), ("sha256", .string(sha256)),
            ]))
    }

    func write(beside output: String) throws(BatchFailure) {
        let text = Array((document.line + "\n").utf8)
        do { try AtomicFile.write(text.span, to: Self.path(of: output)) } catch { throw BatchFailure(error) }
    }

    /// The manifest beside `output`; nil when there is none that can be read.
    static func read(beside output: String) -> BatchManifest? {
        guard let bytes = try? File.read(path(of: output), limit: 1 << 20),
            let document = try? JSONValue.parse(bytes.span)
        else { return nil }
        func text(_ name: String) -> String? { document[name]?.string }
        func number(_ name: String) -> Int? {
            guard case .integer(let value)? = document[name] else { return nil }
            return Int(exactly: value)
        }
        guard let input = text("input"), let inputSize = number("input_size"),
            let inputModified = number("input_modified"), let model = text("model"),
            let version = text("version"), let modelDigest = text("model_digest"),
            let options = text("options"), let index = number("shard"), let count = number("shards"),
            let shard = BatchShard(index: index, count: count), let records = number("records"),
            let errors = number("errors"), let headerBytes = number("header_bytes"),
            let bytes = number("bytes"), let sha256 = text("sha256")
        else { return nil }
        return BatchManifest(
            input: input, inputSize: inputSize, inputModified: inputModified, model: model,
            version: version, modelDigest: modelDigest, options: options, shard: shard, records: records,
            errors: errors, headerBytes: headerBytes, bytes: bytes, sha256: sha256)
    }
}
