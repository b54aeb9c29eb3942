// SPDX-License-Identifier: Apache-2.0
internal import Base
package import HTTP
package import Serving
internal import Tabular

package enum InstancesEndpoint: Sendable, Equatable {
    case models, status, metadata, predict, explain
}

extension Route {
    static let instances: [Route] = [
        Route(.get, "/v1/models", .instances(.models)),
        Route(.get, "/v1/models/{model}", .instances(.status)),
        Route(.get, "/v1/models/{model}/metadata", .instances(.metadata)),
        Route(.post, "/v1/models/{model}:predict", .instances(.predict)),
        Route(.post, "/v1/models/{model}:explain", .instances(.explain)),
        Route(.get, "/v1/models/{model}/versions/{version}", .instances(.status)),
        Route(.get, "/v1/models/{model}/versions/{version}/metadata", .instances(.metadata)),
        Route(.post, "/v1/models/{model}/versions/{version}:predict", .instances(.predict)),
        Route(.post, "/v1/models/{model}/versions/{version}:explain", .instances(.explain)),
    ]
}

/// The `instances` protocol of TensorFlow Serving, KServe V1 and Vertex AI: `docs/protocols/v1.md`.
package struct InstancesDialect {
    private let service: PredictService
    private let workspace: Workspace
    private let costMax: UInt64

    /// - Parameter costMax: predictions that are expected to take more nanoseconds are not answered here.
    package init(service: PredictService, workspace: Workspace, costMax: UInt64 = .max) {
        self.service = service
        self.workspace = workspace
        self.costMax = costMax
    }

    package func answer(
        _ endpoint: InstancesEndpoint, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response
    ) -> Outcome {
        switch endpoint {
        case .models: response.writeModelNames(service.modelNames)
        case .status: writeStatus(path, &response)
        case .metadata: writeMetadata(path, &response)
        case .predict: return predict(path, request, &response, explains: false)
        case .explain: return predict(path, request, &response, explains: true)
        }
        return .answered
    }

    private func predict(
        _ path: PathParameters, _ request: borrowing Request, _ response: inout Response, explains: Bool
    ) -> Outcome {
        let start = MonotonicInstant.now
        let model: ServedModel
        do {
            model = try service.resolve(path.model, version: path.version)
        } catch {
            response.fail(error)
            return .answered
        }
        let cost = model.estimatedCost(jsonSize: request.body.count, binarySize: 0)
        if cost > costMax { return .tooCostly(nanoseconds: cost) }
        var rows = 0
        do {
            let form = try InstancesRequestReader(model: model).read(request.body, into: workspace)
            let writer = InstancesResponseWriter(model: model, form: form)
            if explains {
                let explanation = model.explanationCost(rows: workspace.rows.rowCount)
                if explanation > costMax {
                    workspace.end()
                    return .tooCostly(nanoseconds: cost + explanation)
                }
            }
            try service.predict(model, workspace)
            if explains {
                try writer.writeExplained(workspace, into: &response.body)
            } else {
                writer.write(workspace, into: &response.body)
            }
            rows = workspace.answeredRows(of: model)
        } catch {
            response.body.clear()
            response.fail(PredictError(error, in: request.body))
        }
        service.record(model, rows: rows, isError: rows == 0, since: start)
        workspace.end()
        return .answered
    }

    private func writeStatus(_ path: PathParameters, _ response: inout Response) {
        do {
            var versions = try service.statuses(of: path.model)
            if let version = path.version {
                versions.removeAll { $0.version != version }
                guard !versions.isEmpty else {
                    throw PredictError.unknownVersion(model: path.model, version: version)
                }
            }
            ModelStatusWriter(name: path.model, versions: versions).write(into: &response.body)
        } catch {
            response.fail(PredictError(error, in: Span()))
        }
    }

    private func writeMetadata(_ path: PathParameters, _ response: inout Response) {
        do {
            let model = try service.resolve(path.model, version: path.version)
            SignatureMetadataWriter(model: model).write(into: &response.body)
        } catch {
            response.fail(error)
        }
    }
}
