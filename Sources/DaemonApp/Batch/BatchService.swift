// SPDX-License-Identifier: Apache-2.0
internal import HTTP
internal import Net
internal import Serving

/// Batch requests of all event loops: who answers them, and where their answers wait.
final class BatchService: Sendable {
    private let service: PredictService
    private let pool: BatchPool
    private let directory: String
    private let quota: SpoolQuota
    private let bodyBytesMax: Int
    /// Nil: there are no jobs.
    let jobs: JobService?

    init(_ settings: Configuration.Batch, service: PredictService, jobs: JobService?) {
        self.jobs = jobs
        self.service = service
        pool = BatchPool(threads: settings.threads > 0 ? settings.threads : ProcessorCount.available())
        directory = settings.spool
        quota = SpoolQuota(limit: settings.spoolBytes)
        bodyBytesMax = settings.bodyBytes
    }

    func start() throws {
        try pool.start()
        try jobs?.start()
    }

    /// Ends when all requests are answered.
    func stop() {
        pool.stop()
        jobs?.stop()
    }

    /// Takes the body of a request whose head has come, or refuses it.
    func receive(
        _ request: borrowing Request, model: String, version: String?, route: Int, isJob: Bool,
        _ response: inout Response
    ) -> BodyReception {
        response.route = route
        let creator: String?
        if isJob, let jobs {
            creator = jobs.authorize(request, &response)
            if creator == nil { return .answered }
        } else {
            creator = nil
        }
        do throws(BatchRequest.Refusal) {
            let upload = try upload(request, model, version, route: route, isJob: isJob, creator: creator)
            return .streamed(upload, bytesMax: bodyBytesMax)
        } catch {
            response.fail(error.status, error.message)
            return .answered
        }
    }

    /// Answers a request whose body has come, or that has none.
    func answer(
        _ request: borrowing Request, model: String, version: String?, isJob: Bool,
        _ response: inout Response
    ) {
        if let upload = request.bodyReader as? BatchUpload { return upload.complete(request) }
        guard isJob, request.queryValue("input") != nil else {
            return response.fail(.badRequest, "there are no records; send CSV or JSON Lines")
        }
        var creator: String?
        if let jobs {
            creator = jobs.authorize(request, &response)
            if creator == nil { return }
        }
        do throws(BatchRequest.Refusal) {
            // The operator's file is looked through on a thread of the pool, as an upload is taken in.
            let upload = try upload(
                request, model, version, route: response.route, isJob: true, creator: creator)
            upload.complete(request)
        } catch {
            response.fail(error.status, error.message)
        }
    }

    private func upload(
        _ request: borrowing Request, _ model: String, _ version: String?, route: Int, isJob: Bool,
        creator: String?
    ) throws(BatchRequest.Refusal) -> BatchUpload {
        let asked = try BatchRequest(request, isJob: isJob)
        let makeRun: @Sendable (ServedModel) -> any BatchUploadRun
        if isJob {
            guard let jobs else {
                throw .init(status: .notFound, message: "there are no jobs here (jobs.directory)")
            }
            var path: String?
            if let input = request.queryValue("input") { path = try jobs.inputPath(input) }
            let inputPath = path
            makeRun = { JobIntake(asked, $0, jobs: jobs, inputPath: inputPath, creator: creator) }
        } else {
            makeRun = { [directory, quota] in
                BatchSpoolRun(asked, $0, directory: directory, quota: quota)
            }
        }
        do throws(PredictError) {
            let served = try service.resolve(model, version: version)
            return BatchUpload(makeRun(served), isStreamed: asked.isStreamed, pool: pool, route: route)
        } catch {
            guard case .notLoaded(let name) = error else { throw .init(error) }
            let upload = BatchUpload(nil, isStreamed: asked.isStreamed, pool: pool, route: route)
            service.whenLoaded(name) { [service] in
                do throws(PredictError) {
                    upload.start(makeRun(try service.resolve(model, version: version)))
                } catch {
                    upload.start(BatchRefusedRun(.init(error), isStreamed: asked.isStreamed))
                }
            }
            return upload
        }
    }
}
