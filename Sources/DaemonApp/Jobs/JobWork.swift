// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography
internal import Glibc
internal import Serving
internal import Tabular

/// The steps that a job is made of: finding its ranges, where it was accepted without, answering a range, and
/// joining all answers.
///
/// Each step writes a file of its own, syncs it, and gives it the final name with link(2). Whoever comes
/// second has written the same bytes, and drops them.
struct JobWork {
    let directory: JobDirectory
    let description: JobDescription
    let ranges: [JobDescription.Range]

    init(_ directory: JobDirectory, _ description: JobDescription) {
        self.directory = directory
        self.description = description
        ranges = description.ranges ?? []
    }

    private static let chunkBytes = 1 << 18
    private static let outputBytesMax = 1 << 20

    /// What the runner wants to know between two chunks.
    enum Interruption { case none, stop }

    /// Finds the ranges of the operator's file and commits them; false when it was interrupted.
    ///
    /// - Parameter step: called now and then.
    func findRanges(
        _ plan: BatchPlan, _ lease: inout JobLease, step: () -> Interruption
    ) throws(JobFailure) -> Bool {
        do {
            let input = try JobInput(directory, description)
            var framer = BatchFramer(description.options, for: plan.model)
            framer.restart(at: description.start.line)
            var position = description.start.position
            var cutter = JobCutter(framer, at: position, rangeBytes: description.rangeBytes)
            var pending = ByteBuffer(capacity: Self.chunkBytes)
            while cutter.position < description.inputSize {
                let wanted = min(Self.chunkBytes, description.inputSize - position)
                try input.read(into: &pending, from: position, count: wanted)
                position += wanted
                pending.removeFirst(
                    try cutter.cut(pending, isAtEnd: position == description.inputSize))
                lease.renew()
                if case .stop = step() { return false }
            }
            try directory.writeRanges(cutter.ranges)
            return true
        } catch let error as SystemError {
            throw .temporary(error)
        } catch {
            throw .permanent("\(error)")
        }
    }

    /// Answers a range and commits its answers; false when it was interrupted.
    ///
    /// - Parameter step: called after each chunk with the records answered so far.
    func answer(
        _ range: Int, _ plan: BatchPlan, _ lease: inout JobLease, step: (BatchCounts) -> Interruption
    ) throws(JobFailure) -> Bool {
        let attempt = directory.attempt("\(range)")
        defer { try? JobDirectory.remove(attempt) }
        var counts = BatchCounts()
        do {
            var writer = try JobFileWriter(attempt)
            guard try answer(range, plan, &lease, &writer, &counts, step) else { return false }
            try writer.finish()
            try directory.writeCounts(counts, range: range)
            _ = try HardLink.commit(attempt, as: directory.part(range))
            try AtomicFile.syncDirectory(directory.parts)
            return true
        } catch let error as SystemError {
            throw .temporary(error)
        } catch {
            throw .permanent("\(error)")
        }
    }

    private func answer(
        _ range: Int, _ plan: BatchPlan, _ lease: inout JobLease, _ writer: inout JobFileWriter,
        _ counts: inout BatchCounts, _ step: (BatchCounts) -> Interruption
    ) throws -> Bool {
        let stretch = ranges[range]
        let input = try JobInput(directory, description)
        let framer = BatchFramer(description.options, for: plan.model)
        var worker = BatchWorker(plan)
        var pending = ByteBuffer(capacity: Self.chunkBytes)
        var output = ByteBuffer(capacity: Self.chunkBytes)
        var (position, line) = (stretch.start, stretch.line)
        while position < stretch.end || !pending.isEmpty {
            let wanted = min(
                max(Self.chunkBytes - pending.count, Self.chunkBytes / 4), stretch.end - position)
            if wanted > 0 { try input.read(into: &pending, from: position, count: wanted) }
            position += wanted
            let isAtEnd = position == stretch.end
            let length = try framer.wholeRecords(in: pending, isAtEnd: isAtEnd)
            var offset = 0
            while offset < length {
                counts.add(
                    try worker.answer(
                        pending, length: length, from: &offset, line: &line, into: &output))
                if output.count > Self.outputBytesMax {
                    try writer.write(output, length: output.count)
                    output.clear()
                }
            }
            pending.removeFirst(length)
            lease.renew()
            if case .stop = step(counts) { return false }
        }
        try writer.write(output, length: output.count)
        return true
    }

    /// Joins the answers of all ranges behind the header, and commits the result with its manifest.
    func join(_ plan: BatchPlan, _ lease: inout JobLease) throws(JobFailure) {
        let attempt = directory.attempt("result")
        defer { try? JobDirectory.remove(attempt) }
        do throws(SystemError) {
            var writer = try JobFileWriter(attempt)
            var header = ByteBuffer()
            plan.appendHeader(to: &header)
            try writer.write(header, length: header.count)
            var counts = BatchCounts()
            for range in ranges.indices {
                guard let own = directory.readCounts(range) else {
                    throw SystemError("read", on: directory.counts(range), code: EIO)
                }
                counts.add(own)
                try copy(directory.part(range), to: &writer)
                lease.renew()
            }
            let digest = try writer.finish()
            try JobDirectory.write(manifest(counts, writer.byteCount, digest), to: directory.manifest)
            _ = try HardLink.commit(attempt, as: directory.result)
            try AtomicFile.syncDirectory(directory.path)
        } catch {
            throw .temporary(error)
        }
    }

    private func copy(_ path: String, to writer: inout JobFileWriter) throws(SystemError) {
        let file = try FileDescriptor(opening: path, O_RDONLY)
        var buffer = ByteBuffer(capacity: Self.outputBytesMax)
        var offset = 0
        while true {
            buffer.clear()
            let got = try JobInput.read(file, path, into: &buffer, from: offset, count: Self.outputBytesMax)
            if got == 0 { return }
            try writer.write(buffer, length: buffer.count)
            offset += got
        }
    }

    private func manifest(_ counts: BatchCounts, _ byteCount: Int, _ digest: String) -> JSONValue {
        var object = JSONObject()
        object["model"] = .string(description.model)
        object["version"] = .string(description.version)
        object["model_digest"] = .string(description.digest)
        object["records"] = .integer(Int64(counts.records))
        object["errors"] = .integer(Int64(counts.errors))
        object["bytes"] = .integer(Int64(byteCount))
        object["sha256"] = .string(digest)
        return .object(object)
    }
}
