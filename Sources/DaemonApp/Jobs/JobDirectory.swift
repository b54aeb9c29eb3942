// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc
internal import Serving

/// The files of one job, which are all of its state.
struct JobDirectory: Sendable {
    let path: String

    /// Written when the job is accepted, and never again.
    var description: String { "\(path)/job.json" }
    var input: String { "\(path)/input" }
    /// Of an operator's file, the ranges, once they are found.
    var ranges: String { "\(path)/ranges.json" }
    /// The version that answers, pinned.
    var model: String { "\(path)/model" }
    var parts: String { "\(path)/parts" }
    var leases: String { "\(path)/leases" }
    /// There while the job is to rest.
    var pauseMark: String { "\(path)/paused" }
    var cancelMark: String { "\(path)/cancelled" }
    /// There when the job cannot be done, with the reason.
    var failureMark: String { "\(path)/failed" }
    var result: String { "\(path)/result" }
    /// Written before the result gets its name.
    var manifest: String { "\(path)/manifest.json" }

    /// The answers of a range: there when they are complete.
    func part(_ range: Int) -> String { "\(parts)/\(Self.padded(range))" }
    /// How many records that range has; written before the answers get their name.
    func counts(_ range: Int) -> String { "\(parts)/\(Self.padded(range)).json" }
    func lease(_ range: Int) -> String { "\(leases)/\(Self.padded(range))" }
    /// Of whoever looks for the ranges.
    var rangesLease: String { "\(leases)/ranges" }
    /// Where an attempt at a range, or at the result, writes; of this attempt alone.
    func attempt(_ name: String) -> String {
        "\(parts)/.\(name).\(getpid()).\(String(UInt64.random(in: .min ... .max), radix: 36))"
    }

    private static func padded(_ number: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    static func exists(_ path: String) -> Bool { (try? FileFacts(of: path)) != nil }

    func readDescription() -> JobDescription? {
        guard let bytes = try? File.read(description, limit: 256 << 20),
            let document = try? JSONValue.parse(bytes.span), var description = JobDescription(document)
        else { return nil }
        if description.ranges == nil { description.ranges = readRanges() }
        return description
    }

    private func readRanges() -> [JobDescription.Range]? {
        guard let bytes = try? File.read(ranges, limit: 256 << 20),
            let document = try? JSONValue.parse(bytes.span)
        else { return nil }
        return JobDescription.ranges(document)
    }

    func readCounts(_ range: Int) -> BatchCounts? {
        guard let bytes = try? File.read(counts(range), limit: 4096),
            let document = try? JSONValue.parse(bytes.span), let records = document["records"]?.integer,
            let errors = document["errors"]?.integer
        else { return nil }
        var counts = BatchCounts()
        counts.records = Int(records)
        counts.errors = Int(errors)
        return counts
    }

    /// Whoever comes second has found the same.
    func writeRanges(_ ranges: [JobDescription.Range]) throws(SystemError) {
        var buffer = ByteBuffer()
        JobDescription.document(ranges).write(into: &buffer)
        buffer.append(UInt8(ascii: "\n"))
        _ = try AtomicFile.create(buffer.bytes, at: self.ranges)
    }

    func writeCounts(_ counts: BatchCounts, range: Int) throws(SystemError) {
        var object = JSONObject()
        object["records"] = .integer(Int64(counts.records))
        object["errors"] = .integer(Int64(counts.errors))
        try Self.write(.object(object), to: self.counts(range))
    }

    static func write(_ document: JSONValue, to path: String) throws(SystemError) {
        var buffer = ByteBuffer()
        document.write(into: &buffer)
        buffer.append(UInt8(ascii: "\n"))
        try AtomicFile.write(buffer.bytes, to: path)
    }

    static func remove(_ path: String) throws(SystemError) {
        // Safe because the string is passed as a C string that lives for the call.
        if unsafe unlink(path) != 0 && errno != ENOENT { throw SystemError("unlink", on: path) }
    }

    /// Removes a directory with everything in it; the job's are two levels deep, the model's three.
    static func removeAll(_ path: String) throws(SystemError) {
        for name in try Directory.names(in: path) {
            guard let name else { continue }
            let entry = "\(path)/\(name)"
            var facts = stat()
            // Safe because the string lives for the call, and only the struct is written.
            guard unsafe lstat(entry, &facts) == 0 else { continue }
            if facts.st_mode & S_IFMT == S_IFDIR { try removeAll(entry) } else { try remove(entry) }
        }
        // Safe because the string is passed as a C string that lives for the call.
        if unsafe rmdir(path) != 0 && errno != ENOENT { throw SystemError("rmdir", on: path) }
    }
}
