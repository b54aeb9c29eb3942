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
        do throws(BatchRequest.Refusal) {
            let run = try run(request, model, version, isJob: isJob)
            return .streamed(BatchUpload(run, pool: pool, route: route), bytesMax: bodyBytesMax)
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
        do throws(BatchRequest.Refusal) {
            // The operator's file is looked through on a thread of the pool, as an upload is taken in.
            let run = try run(request, model, version, isJob: true)
            BatchUpload(run, pool: pool, route: response.route).complete(request)
        } catch {
            response.fail(error.status, error.message)
        }
    }

    private func run(
        _ request: borrowing Request, _ model: String, _ version: String?, isJob: Bool
    ) throws(BatchRequest.Refusal) -> any BatchUploadRun {
        let asked = try BatchRequest(request)
        let served = try resolve(model, version)
        guard isJob else { return BatchSpoolRun(asked, served, directory: directory, quota: quota) }
        guard let jobs else {
            throw .init(status: .notFound, message: "there are no jobs here (jobs.directory)")
        }
        var path: String?
        if let input = request.queryValue("input") { path = try jobs.inputPath(input) }
        return JobIntake(asked, served, jobs: jobs, inputPath: path)
    }

    private func resolve(
        _ model: String, _ version: String?
    ) throws(BatchRequest.Refusal) -> ServedModel {
        do throws(PredictError) {
            return try service.resolve(model, version: version)
        } catch {
            if case .notReady = error {
                throw .init(status: .serviceUnavailable, message: error.description)
            }
            throw .init(status: .notFound, message: error.description)
        }
    }
}
