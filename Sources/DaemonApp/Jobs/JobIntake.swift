// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc
internal import HTTP
internal import Registry
internal import Serving
internal import Tabular

/// Takes in the records of a new job, and accepts it: everything is on disk before anybody hears of it.
///
/// The job grows in a directory with a dot-name, which becomes its own when `job.json` is written: until then
/// there is no job, and what is left of it after a crash is removed.
///
/// State: owned by the thread that its upload is given to.
final class JobIntake: BatchUploadRun {
    private var request: BatchRequest
    private let model: ServedModel
    private let jobs: JobService
    private let store: JobStore
    /// The operator's file; nil: the records are uploaded.
    private let inputPath: String?
    /// Whose key it was; nil: none was needed.
    private let creator: String?
    private let id = JobStore.makeIdentifier()
    private let directory: JobDirectory

    private var multipart: MultipartReader?
    private var pending = ByteBuffer()
    /// Nil before the header is known.
    private var cutter: JobCutter?
    /// Where the records begin.
    private var start = JobDescription.Start(position: 0, line: 1)
    private var names: [String]?
    private var writer: JobFileWriter?
    private var hasBegun = false
    private var refusal: BatchRequest.Refusal?

    init(
        _ request: BatchRequest, _ model: ServedModel, jobs: JobService, inputPath: String?, creator: String?
    ) {
        self.creator = creator
        self.request = request
        self.model = model
        self.jobs = jobs
        store = jobs.store
        self.inputPath = inputPath
        directory = JobDirectory(path: "\(store.path)/.\(id)")
        multipart = request.boundary.map { MultipartReader(boundary: $0) }
    }

    func take(_ bytes: borrowing ByteBuffer, isAtEnd: Bool) -> Bool {
        guard refusal == nil else { return false }
        do {
            if !hasBegun { try begin() }
            hasBegun = true
            if let inputPath {
                if isAtEnd { try look(inputPath) }
            } else {
                try receive(bytes.bytes, isAtEnd: isAtEnd)
                try cut(isAtEnd: isAtEnd)
            }
            if isAtEnd { try accept() }
            return true
        } catch {
            fail(error)
            return false
        }
    }

    func opening() -> BatchOpening? { nil }

    func abandon() { fail(BatchRequest.Refusal(status: .badRequest, message: "the client has gone")) }

    func respond(_ response: inout Response) {
        if let refusal { return response.fail(refusal.status, refusal.message) }
        response.status = .accepted
        response.addHeader("Location", "/v2/batch/jobs/\(id)")
        store.status(of: id)?.write(into: &response.body)
        response.body.append(UInt8(ascii: "\n"))
    }

    private func fail(_ error: any Error) {
        guard refusal == nil else { return }
        writer = nil
        try? JobDirectory.removeAll(directory.path)
        switch error {
        case let error as BatchRequest.Refusal: refusal = error
        case let error as BatchError: refusal = .init(error)
        case let error as MultipartReader.Defect:
            refusal = .init(status: .badRequest, message: error.message)
        default: refusal = .init(status: .insufficientStorage, message: "the job cannot be kept: \(error)")
        }
    }

    private func begin() throws {
        try Directory.make(directory.parts)
        try Directory.make(directory.leases)
        if inputPath == nil { writer = try JobFileWriter(directory.input) }
    }

    private func receive(_ bytes: Span<UInt8>, isAtEnd: Bool) throws {
        guard multipart != nil else { return pending.append(bytes) }
        try multipart?.read(bytes, into: &pending)
        if isAtEnd { try multipart?.finish() }
        if let type = multipart?.fileType { request.readFileType(type) }
    }

    /// Reads the beginning of the operator's file, which says what the records are. Where they end is found
    /// when the job runs: the client does not wait for a large file to be read.
    private func look(_ path: String) throws {
        let file: FileDescriptor
        do {
            file = try FileDescriptor(opening: path, O_RDONLY)
        } catch {
            throw BatchRequest.Refusal(status: .badRequest, message: error.description)
        }
        while true {
            let got = try JobInput.read(file, path, into: &pending, from: pending.count, count: 1 << 16)
            if try prepare(isAtEnd: got == 0) { return }
        }
    }

    /// Finds whole records in what is pending, and keeps them.
    private func cut(isAtEnd: Bool) throws {
        if cutter == nil {
            guard try prepare(isAtEnd: isAtEnd) else { return }
            try keep(start.position)
        }
        guard let length = try cutter?.cut(pending, isAtEnd: isAtEnd) else { return }
        try keep(length)
    }

    /// Decides on everything that the first bytes decide; false when more are needed.
    private func prepare(isAtEnd: Bool) throws -> Bool {
        guard request.sniff(pending, isAtEnd: isAtEnd) else { return false }
        var framer = BatchFramer(request.options, for: BatchModel(model))
        guard let header = try framer.header(in: pending, isAtEnd: isAtEnd) else { return false }
        names = header.names
        // Refused now, and not when the job runs.
        _ = try BatchPlan(BatchModel(model), request.options, names: names)
        framer.advance(lines: framer.lineCount(in: pending, length: header.length))
        start = .init(position: header.length, line: framer.line)
        cutter = JobCutter(framer, at: header.length, rangeBytes: store.rangeBytes)
        return true
    }

    private func keep(_ length: Int) throws(SystemError) {
        try writer?.write(pending, length: length)
        pending.removeFirst(length)
    }

    private func accept() throws {
        try writer?.finish()
        writer = nil
        var (size, modified) = (cutter?.position ?? 0, 0)
        var ranges = cutter?.ranges
        if let inputPath {
            let facts = try FileFacts(of: inputPath)
            (size, modified, ranges) = (Int(facts.size), Int(facts.modified), nil)
        }
        try PinnedModel.pin(
            model.name, model.version, endsAtBestIteration: model.endsAtBestIteration, of: store.registry,
            into: directory.model)
        var description = JobDescription(
            id: id, model: model.name, version: model.version, digest: model.digest, inputPath: inputPath,
            inputSize: size, inputModified: modified, names: names, ranges: ranges,
            options: request.options, created: JobStore.now(),
            creator: creator.flatMap { $0.isEmpty ? nil : $0 })
        if ranges == nil { (description.start, description.rangeBytes) = (start, store.rangeBytes) }
        try JobDirectory.write(description.document, to: directory.description)
        try store.publish(directory, as: id)
        jobs.wake()
    }
}
