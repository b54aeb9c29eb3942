// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import Glibc
internal import HTTP
internal import Serving

/// What can be asked of jobs over HTTP: docs/protocols/batch.md.
final class JobService: Sendable {
    let store: JobStore
    private let runner: JobRunner
    /// The only directory that operators' files may be in; nil: none.
    private let inputDirectory: String?
    private let authorizer: AdminAuthorizer

    init(
        _ store: JobStore, runner: JobRunner, inputDirectory: String?, authorizer: AdminAuthorizer
    ) {
        self.authorizer = authorizer
        self.store = store
        self.runner = runner
        self.inputDirectory = inputDirectory
    }

    func start() throws {
        try Directory.make(store.path)
        try runner.start()
    }

    func stop() { runner.stop() }

    /// A job was accepted.
    func wake() { runner.wake() }

    /// The name of whoever asks for jobs; nil, and an answer, when that one may not.
    func authorize(_ request: borrowing Request, _ response: inout Response) -> String? {
        authorizer.authorize(request, for: .jobs, &response)
    }

    /// The path of an operator's file, which lies in the directory for them whatever links say.
    func inputPath(_ path: String) throws(BatchRequest.Refusal) -> String {
        guard let inputDirectory, let root = Self.realPath(inputDirectory) else {
            throw .init(status: .forbidden, message: "no directory for files is configured (jobs.input)")
        }
        guard !path.utf8.contains(0), let found = Self.realPath("\(inputDirectory)/\(path)"),
            found.hasPrefix(root + "/")
        else {
            throw .init(status: .notFound, message: "there is no file \(path) in the directory for files")
        }
        guard let facts = try? FileFacts(of: found), facts.kind == .regular else {
            throw .init(status: .badRequest, message: "\(path) is no file")
        }
        return found
    }

    private static func realPath(_ path: String) -> String? {
        // Safe because the string lives for the call, and what realpath allocates is copied and freed.
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(validatingCString: found)
    }

    func answer(
        _ route: BatchEndpoint.JobEndpoint, _ id: String, _ request: borrowing Request,
        _ response: inout Response
    ) {
        guard authorize(request, &response) != nil else { return }
        switch route {
        case .list: list(&response)
        case .status: writeStatus(id, &response)
        case .pause: act(.pause, id, &response)
        case .resume: act(.resume, id, &response)
        case .cancel: act(.cancel, id, &response)
        case .result: writeResult(id, request, &response)
        case .remove: remove(id, &response)
        }
    }

    private func list(_ response: inout Response) {
        do throws(SystemError) {
            let jobs = try store.identifiers().compactMap { document($0) }
            var object = JSONObject()
            object["jobs"] = .array(jobs)
            write(.object(object), &response)
        } catch {
            response.fail(.internalServerError, error.description)
        }
    }

    private func document(_ id: String) -> JSONValue? {
        guard let directory = store.directory(id), let status = JobStatus(directory),
            case .object(var object) = status.document
        else { return nil }
        if !status.state.isFinal {
            runner.addProgress(to: &object, of: status)
        }
        return .object(object)
    }

    private func writeStatus(_ id: String, _ response: inout Response) {
        guard let document = document(id) else { return fail(.unknown, id, &response) }
        write(document, &response)
    }

    private func write(_ document: JSONValue, _ response: inout Response) {
        document.write(into: &response.body)
        response.body.append(UInt8(ascii: "\n"))
    }

    private func act(_ action: JobStore.Action, _ id: String, _ response: inout Response) {
        do throws(JobStore.Refusal) {
            try store.act(action, on: id)
            runner.wake()
            writeStatus(id, &response)
        } catch {
            fail(error, id, &response)
        }
    }

    private func remove(_ id: String, _ response: inout Response) {
        do throws(JobStore.Refusal) {
            try store.remove(id)
            response.status = .noContent
        } catch {
            fail(error, id, &response)
        }
    }

    private func fail(_ refusal: JobStore.Refusal, _ id: String, _ response: inout Response) {
        switch refusal {
        case .unknown: response.fail(.notFound, "there is no job \(id)")
        case .finished(let state): response.fail(.conflict, "the job is \(state) already")
        case .system(let error): response.fail(.internalServerError, error.description)
        }
    }

    // MARK: The result

    private func writeResult(_ id: String, _ request: borrowing Request, _ response: inout Response) {
        guard let directory = store.directory(id), let description = directory.readDescription() else {
            return fail(.unknown, id, &response)
        }
        guard let facts = try? FileFacts(of: directory.result) else {
            return response.fail(.conflict, "the job is not completed; its status says how far it is")
        }
        let size = Int(facts.size)
        var range = 0..<size
        response.addHeader("Accept-Ranges", "bytes")
        if let wanted = ByteRanges.parse(BatchRequest.text(request.header("Range")), size: size) {
            guard let first = wanted else {
                response.fail(Status(416), "the result has \(size) bytes")
                response.addHeader("Content-Range", "bytes */\(size)")
                return
            }
            range = first
            response.status = Status(206)
            response.addHeader("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)")
        }
        guard let writer = FileWriter(directory.result, range) else {
            return response.fail(.internalServerError, "the result cannot be read")
        }
        response.contentType = description.options.output.contentType
        response.isCompressible = false
        response.stream = writer
    }
}
