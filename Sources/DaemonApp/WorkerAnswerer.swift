// SPDX-License-Identifier: Apache-2.0
internal import Dialects
internal import HTTP
internal import Serving

/// Answers the requests of one worker, alone or in company.
struct WorkerAnswerer {
    private let alone: DialectAnswerer
    private let joining: DialectAnswerer
    private let company: PredictionCompany

    init(service: PredictService, rowLimit: Int, invocations: InvocationsOptions) {
        company = PredictionCompany(service: service, rowLimit: rowLimit)
        alone = DialectAnswerer(service: service, rowLimit: rowLimit, invocations: invocations)
        joining = DialectAnswerer(
            service: service, rowLimit: rowLimit, invocations: invocations, company: company)
    }

    /// - Parameter waited: nanoseconds in the queue.
    func answer(_ job: WorkerPool.Job, waited: UInt64) {
        job.deferred.answer { request, response in
            response.route = job.route
            _ = alone.answer(job.endpoint, job.path, request, &response, waited: waited)
        }
    }

    /// Answers requests for one version together.
    func answer(_ jobs: [WorkerPool.Job], waited: [UInt64]) {
        var members: [Int?] = []
        for (job, waited) in zip(jobs, waited) {
            var member: Int?
            job.deferred.read { request, response in
                response.route = job.route
                let place = company.count
                let outcome = joining.answer(job.endpoint, job.path, request, &response, waited: waited)
                if outcome == .joined { member = place }
            }
            members.append(member)
        }
        company.predict()
        for (job, member) in zip(jobs, members) {
            job.deferred.answer { _, response in
                if let member { company.write(member, into: &response) }
            }
        }
        company.disperse()
    }
}
