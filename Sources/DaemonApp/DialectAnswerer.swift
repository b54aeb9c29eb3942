// SPDX-License-Identifier: Apache-2.0
internal import Dialects
internal import HTTP
internal import Serving

/// All dialects over one workspace, for one thread.
struct DialectAnswerer {
    private let openInference: OpenInferenceDialect
    private let instances: InstancesDialect
    private let invocations: InvocationsDialect
    private let documents: DocumentDialect

    /// - Parameter costMax: what a prediction may take here, in nanoseconds.
    /// - Parameter company: what predictions join instead of being answered.
    init(
        service: PredictService, rowLimit: Int, invocations options: InvocationsOptions,
        costMax: UInt64 = .max,
        company: PredictionCompany? = nil
    ) {
        let frame = PredictionFrame(
            service: service, workspace: Workspace(rowLimit: rowLimit), costMax: costMax, company: company)
        openInference = OpenInferenceDialect(frame: frame, serverVersion: Daemon.version)
        documents = DocumentDialect(service: service, serverVersion: Daemon.version)
        instances = InstancesDialect(frame: frame)
        invocations = InvocationsDialect(frame: frame, serverVersion: Daemon.version, options: options)
    }

    /// - Parameter waited: nanoseconds that the request has spent in the queue for a worker.
    func answer(
        _ endpoint: Endpoint, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response, waited: UInt64 = 0
    ) -> Outcome {
        switch endpoint {
        case .openInference(let endpoint):
            return openInference.answer(endpoint, path, request, &response, waited: waited)
        case .instances(let endpoint):
            return instances.answer(endpoint, path, request, &response, waited: waited)
        case .invocations(let endpoint):
            return invocations.answer(endpoint, path, request, &response, waited: waited)
        case .document(let endpoint):
            documents.answer(endpoint, path, &response)
            return .answered
        }
    }
}
