// SPDX-License-Identifier: Apache-2.0
internal import Base
package import HTTP
internal import Serving
internal import Tabular

package enum InstancesEndpoint: Sendable, Equatable {
    case alive, models, status, metadata, predict, explain, classify, regress
}

extension Endpoint {
    static let instancesRoutes: [Route<Endpoint>] = [
        Route(.get, "/", .instances(.alive)),
        Route(.get, "/v1/models", .instances(.models)),
        Route(.get, "/v1/models/{model}", .instances(.status)),
        Route(.get, "/v1/models/{model}/metadata", .instances(.metadata)),
        Route(.post, "/v1/models/{model}:predict", .instances(.predict)),
        Route(.post, "/v1/models/{model}:explain", .instances(.explain)),
        Route(.post, "/v1/models/{model}:classify", .instances(.classify)),
        Route(.post, "/v1/models/{model}:regress", .instances(.regress)),
        Route(.get, "/v1/models/{model}/versions/{version}", .instances(.status)),
        Route(.get, "/v1/models/{model}/versions/{version}/metadata", .instances(.metadata)),
        Route(.post, "/v1/models/{model}/versions/{version}:predict", .instances(.predict)),
        Route(.post, "/v1/models/{model}/versions/{version}:explain", .instances(.explain)),
        Route(.post, "/v1/models/{model}/versions/{version}:classify", .instances(.classify)),
        Route(.post, "/v1/models/{model}/versions/{version}:regress", .instances(.regress)),
        Route(.get, "/v1/models/{model}/labels/{label}", .instances(.status)),
        Route(.get, "/v1/models/{model}/labels/{label}/metadata", .instances(.metadata)),
        Route(.post, "/v1/models/{model}/labels/{label}:predict", .instances(.predict)),
        Route(.post, "/v1/models/{model}/labels/{label}:explain", .instances(.explain)),
        Route(.post, "/v1/models/{model}/labels/{label}:classify", .instances(.classify)),
        Route(.post, "/v1/models/{model}/labels/{label}:regress", .instances(.regress)),
        // The public addresses of AI Platform and Vertex AI: the project and the region mean nothing here.
        Route(
            .post, "/v1/projects/{project}/models/{model}:predict", .instances(.predict), ignoredCaptures: 1),
        Route(
            .post, "/v1/projects/{project}/models/{model}/versions/{version}:predict", .instances(.predict),
            ignoredCaptures: 1),
        Route(
            .post, "/v1/projects/{project}/locations/{location}/endpoints/{model}:predict",
            .instances(.predict), ignoredCaptures: 2),
        Route(
            .post, "/v1/projects/{project}/locations/{location}/endpoints/{model}:explain",
            .instances(.explain), ignoredCaptures: 2),
    ]
}

/// The `instances` protocol of TensorFlow Serving, KServe V1 and Vertex AI: `docs/protocols/v1.md`.
package struct InstancesDialect {
    private let service: PredictService
    private let frame: PredictionFrame

    package init(frame: PredictionFrame) {
        service = frame.service
        self.frame = frame
    }

    /// - Parameter waited: nanoseconds that the request has spent in the queue for a worker.
    package func answer(
        _ endpoint: InstancesEndpoint, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response, waited: UInt64 = 0
    ) -> Outcome {
        switch endpoint {
        // What KServe's SDK takes for the liveness of a V1 server.
        case .alive: response.body.append("{\"status\":\"alive\"}")
        case .models: response.writeModelNames(service.modelNames)
        case .status: writeStatus(path, &response)
        case .metadata: return writeMetadata(path, &response)
        case .predict:
            return frame.answer(InstancesForm(explains: false), path, request, &response, waited: waited)
        case .explain:
            return frame.answer(InstancesForm(explains: true), path, request, &response, waited: waited)
        case .classify:
            return frame.answer(ExamplesForm(task: .classify), path, request, &response, waited: waited)
        case .regress:
            return frame.answer(ExamplesForm(task: .regress), path, request, &response, waited: waited)
        }
        return .answered
    }

    private func writeStatus(_ path: PathParameters, _ response: inout Response) {
        do {
            var versions = try service.statuses(of: path.model)
            let version =
                try path.version
                ?? path.label.map { label throws(PredictError) in
                    try service.resolve(path.model, version: nil, label: label).version
                }
            if let version {
                versions.removeAll { $0.version != version }
                guard !versions.isEmpty else {
                    throw PredictError.unknownVersion(model: path.model, version: version)
                }
            }
            ModelStatusWriter(name: path.model, versions: versions).write(into: &response.body)
        } catch {
            let error = PredictError(error, in: Span())
            response.fail(error, as: ServingWords.status(error), saying: ServingWords.statusMessage(error))
        }
    }

    private func writeMetadata(_ path: PathParameters, _ response: inout Response) -> Outcome {
        do {
            let model = try service.resolve(path.model, version: path.version, label: path.label)
            SignatureMetadataWriter(model: model).write(into: &response.body)
        } catch {
            if case .notLoaded(let model) = error, !path.hasWaited { return .needsLoading(model: model) }
            response.fail(error, ServingWords())
        }
        return .answered
    }
}
