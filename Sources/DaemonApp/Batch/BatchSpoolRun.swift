// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

/// A run over the records of a request's body, answers into a spool file.
///
/// State: owned by the thread that its upload is given to.
final class BatchSpoolRun: BatchUploadRun {
    private var request: BatchRequest
    private let model: ServedModel
    private let directory: String
    private let quota: SpoolQuota

    private var multipart: MultipartReader?
    private var pending = ByteBuffer()
    private var output = ByteBuffer()
    private var framer: BatchFramer?
    private var plan: BatchPlan?
    private var worker: BatchWorker?
    private var spool: SpoolFile?
    private let counts = BatchCountsBox()
    private var refusal: BatchRequest.Refusal?
    /// The answer's beginning was given out: what goes wrong now is told in its body.
    private var hasOpened = false

    /// Answers beyond this are written before the chunk is done.
    private static let outputBytesMax = 1 << 20

    init(_ request: BatchRequest, _ model: ServedModel, directory: String, quota: SpoolQuota) {
        self.request = request
        self.model = model
        self.directory = directory
        self.quota = quota
        multipart = request.boundary.map { MultipartReader(boundary: $0) }
    }

    /// Answers the next bytes; false when the run has failed and needs no more.
    func take(_ bytes: borrowing ByteBuffer, isAtEnd: Bool) -> Bool {
        guard refusal == nil else { return false }
        do throws(BatchRequest.Refusal) {
            try receive(bytes.bytes, isAtEnd: isAtEnd)
            try answer(isAtEnd: isAtEnd)
            if isAtEnd { try writeSummary() }
            try flush()
            if isAtEnd { spool?.end() }
            return true
        } catch {
            refusal = error
            if hasOpened { breakOff(error) }
            spool = nil
            return false
        }
    }

    /// Says in a last record why there are no more, and leaves the body without its end.
    private func breakOff(_ refusal: BatchRequest.Refusal) {
        // Those before a bad record are answered; what did not fit does not fit now either.
        if refusal.record != nil { try? spool?.append(output) }
        output.clear()
        let line = framer?.line ?? 1
        let error =
            refusal.record ?? RecordError(line: line, code: refusal.code, reason: refusal.message)
        plan?.append(failure: error, to: &output)
        spool?.breakOff(lastWords: output.copy())
    }

    func opening() -> BatchOpening? {
        guard request.isStreamed, !hasOpened else { return nil }
        if let refusal {
            hasOpened = true
            return BatchOpening { $0.fail(refusal.status, refusal.message) }
        }
        guard plan != nil, let spool else { return nil }
        hasOpened = true
        let (format, version, counts) = (request.options.output, model.version, counts)
        return BatchOpening { response in
            response.contentType = format.contentType
            response.isCompressible = false
            response.addHeader("Modeld-Model-Version", version)
            response.addHeader("Trailer", "Modeld-Records, Modeld-Errors" as StaticString)
            response.addHeader("Preference-Applied", "respond-streaming" as StaticString)
            response.stream = SpoolWriter(spool, counts)
        }
    }

    /// Nobody waits for the answers.
    func abandon() {
        spool = nil
        if refusal == nil { refusal = .init(status: .badRequest, message: "the client has gone") }
    }

    func respond(_ response: inout Response) {
        guard refusal == nil, let spool else {
            let refusal = refusal ?? .init(status: .internalServerError, message: "there are no answers")
            return response.fail(refusal.status, refusal.message)
        }
        self.spool = nil
        response.contentType = request.options.output.contentType
        response.isCompressible = false
        let found = counts.value
        response.addHeader("Modeld-Records", "\(found.records)")
        response.addHeader("Modeld-Errors", "\(found.errors)")
        response.addHeader("Modeld-Model-Version", model.version)
        response.addHeader("Trailer", "Modeld-Records, Modeld-Errors" as StaticString)
        response.stream = SpoolWriter(spool, counts)
    }

    private func receive(_ bytes: Span<UInt8>, isAtEnd: Bool) throws(BatchRequest.Refusal) {
        guard multipart != nil else { return pending.append(bytes) }
        do throws(MultipartReader.Defect) {
            try multipart?.read(bytes, into: &pending)
            if isAtEnd { try multipart?.finish() }
        } catch {
            throw .init(status: .badRequest, message: error.message)
        }
        if let type = multipart?.fileType { request.readFileType(type) }
    }

    /// Answers all whole records that are pending.
    private func answer(isAtEnd: Bool) throws(BatchRequest.Refusal) {
        guard try prepare(isAtEnd: isAtEnd), let framer else { return }
        let length: Int
        do throws(BatchError) {
            length = try framer.wholeRecords(in: pending, isAtEnd: isAtEnd)
        } catch {
            throw .init(error)
        }
        var line = framer.line
        self.framer?.advance(lines: framer.lineCount(in: pending, length: length))
        var offset = 0
        while offset < length {
            do throws(BatchError) {
                let found = try worker?.answer(
                    pending, length: length, from: &offset, line: &line, into: &output)
                counts.add(found ?? BatchCounts())
            } catch {
                throw .init(error)
            }
            if output.count > Self.outputBytesMax { try flush() }
        }
        pending.removeFirst(length)
    }

    /// Decides on everything that the first bytes decide; false when more are needed.
    private func prepare(isAtEnd: Bool) throws(BatchRequest.Refusal) -> Bool {
        if plan != nil { return true }
        guard request.sniff(pending, isAtEnd: isAtEnd) else { return false }
        do throws(BatchError) {
            var framer = BatchFramer(request.options, for: BatchModel(model))
            guard let header = try framer.header(in: pending, isAtEnd: isAtEnd) else { return false }
            framer.advance(lines: framer.lineCount(in: pending, length: header.length))
            pending.removeFirst(header.length)
            let plan = try BatchPlan(BatchModel(model), request.options, names: header.names)
            plan.appendHeader(to: &output)
            worker = BatchWorker(plan)
            self.plan = plan
            self.framer = framer
            return true
        } catch {
            throw .init(error)
        }
    }

    private func writeSummary() throws(BatchRequest.Refusal) {
        guard request.writesSummary, request.options.output == .jsonLines else { return }
        let counts = counts.value
        output.append("{\"summary\":{\"records\":" as StaticString)
        output.append(decimal: Int64(counts.records))
        output.append(",\"errors\":" as StaticString)
        output.append(decimal: Int64(counts.errors))
        output.append("}}\n" as StaticString)
    }

    private func flush() throws(BatchRequest.Refusal) {
        do throws(SpoolFile.Failure) {
            if spool == nil { spool = try SpoolFile(in: directory, quota: quota) }
            try spool?.append(output)
            output.clear()
        } catch {
            throw .init(status: .insufficientStorage, message: error.message, code: "no_space")
        }
    }
}
