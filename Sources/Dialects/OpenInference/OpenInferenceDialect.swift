// SPDX-License-Identifier: Apache-2.0
internal import Base
package import HTTP
internal import Serving
internal import Tabular

package enum OpenInferenceEndpoint: Sendable, Equatable {
    case server, live, ready, models, model, modelReady, infer, configuration, statistics, repositoryIndex
}

extension Endpoint {
    static let openInferenceRoutes: [Route<Endpoint>] = [
        Route(.get, "/v2", .openInference(.server)),
        Route(.get, "/v2/health/live", .openInference(.live)),
        Route(.get, "/v2/health/ready", .openInference(.ready)),
        Route(.get, "/v2/models", .openInference(.models)),
        Route(.get, "/v2/models/{model}", .openInference(.model)),
        Route(.get, "/v2/models/{model}/ready", .openInference(.modelReady)),
        Route(.post, "/v2/models/{model}/infer", .openInference(.infer)),
        Route(.get, "/v2/models/{model}/config", .openInference(.configuration)),
        Route(.get, "/v2/models/stats", .openInference(.statistics)),
        Route(.get, "/v2/models/{model}/stats", .openInference(.statistics)),
        Route(.get, "/v2/models/{model}/versions/{version}/config", .openInference(.configuration)),
        Route(.get, "/v2/models/{model}/versions/{version}/stats", .openInference(.statistics)),
        Route(.get, "/v2/models/{model}/labels/{label}", .openInference(.model)),
        Route(.get, "/v2/models/{model}/labels/{label}/ready", .openInference(.modelReady)),
        Route(.post, "/v2/models/{model}/labels/{label}/infer", .openInference(.infer)),
        Route(.get, "/v2/models/{model}/versions/{version}", .openInference(.model)),
        Route(.get, "/v2/models/{model}/versions/{version}/ready", .openInference(.modelReady)),
        Route(.post, "/v2/models/{model}/versions/{version}/infer", .openInference(.infer)),
        Route(.post, "/v2/repository/index", .openInference(.repositoryIndex)),
    ]
}

/// Open Inference Protocol V2 over REST: `docs/protocols/open-inference.md`.
package struct OpenInferenceDialect {
    private let service: PredictService
    private let serverVersion: String
    private let frame: PredictionFrame
    private let known = KnownTensorHeader()

    package init(frame: PredictionFrame, serverVersion: String) {
        service = frame.service
        self.serverVersion = serverVersion
        self.frame = frame
    }

    /// - Parameter waited: nanoseconds that the request has spent in the queue for a worker.
    package func answer(
        _ endpoint: OpenInferenceEndpoint, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response, waited: UInt64 = 0
    ) -> Outcome {
        switch endpoint {
        case .server: writeServer(&response)
        case .live: response.body.append("{\"live\":true}")
        case .ready: writeReady(&response)
        case .models: response.writeModelNames(service.modelNames)
        case .model: return writeModel(path, &response)
        case .modelReady: return writeModelReady(path, &response)
        case .infer: return frame.answer(InferForm(known: known), path, request, &response, waited: waited)
        case .configuration: return writeConfiguration(path, &response)
        case .statistics: writeStatistics(path, &response)
        case .repositoryIndex: writeIndex(request, &response)
        }
        return .answered
    }

    // MARK: What is there

    private func writeServer(_ response: inout Response) {
        response.body.append("{\"name\":\"modeld\",\"version\":")
        response.body.append(quoted: serverVersion)
        response.body.append(",\"extensions\":[")
        for (position, name) in Self.extensions.enumerated() {
            if position > 0 { response.body.append(",") }
            response.body.append(quoted: name)
        }
        response.body.append("]}")
    }

    /// What is offered beyond the protocol's core.
    private static let extensions = [
        "binary_tensor_data", "classification", "model_configuration", "model_repository", "parameters",
        "schedule_policy", "statistics",
    ]

    private func writeConfiguration(_ path: PathParameters, _ response: inout Response) -> Outcome {
        do {
            let model = try service.resolve(path.model, version: path.version, label: path.label)
            ModelConfigurationWriter(
                model: model, rowLimit: frame.workspace.rowLimit, joining: service.joining
            ).write(into: &response.body)
        } catch {
            return response.outcome(of: error, path)
        }
        return .answered
    }

    /// Of one version, of all ready versions of a model, or of all of them.
    private func writeStatistics(_ path: PathParameters, _ response: inout Response) {
        do {
            var models: [ServedModel] = []
            for name in path.model.isEmpty ? service.modelNames : [path.model] {
                if let version = path.version {
                    models.append(try service.resolve(name, version: version))
                } else {
                    let versions = service.readyVersions(of: name)
                    if versions.isEmpty, !path.model.isEmpty { _ = try service.resolve(name, version: nil) }
                    for version in versions { models.append(try service.resolve(name, version: version)) }
                }
            }
            ModelStatisticsWriter(models: models).write(into: &response.body)
        } catch {
            response.fail(PredictError(error, in: Span()))
        }
    }

    private func writeReady(_ response: inout Response) {
        let isReady = service.isReady
        if !isReady { response.status = .serviceUnavailable }
        response.body.append(isReady ? "{\"ready\":true}" : "{\"ready\":false}")
    }

    private func writeModel(_ path: PathParameters, _ response: inout Response) -> Outcome {
        do {
            let model = try service.resolve(path.model, version: path.version, label: path.label)
            let isOne = path.version != nil || path.label != nil || model.name != path.model
            let versions = isOne ? [model.version] : service.readyVersions(of: path.model)
            ModelMetadataWriter(model: model, versions: versions).write(into: &response.body)
        } catch {
            return response.outcome(of: error, path)
        }
        return .answered
    }

    private func writeModelReady(_ path: PathParameters, _ response: inout Response) -> Outcome {
        do {
            _ = try service.resolve(path.model, version: path.version, label: path.label)
            response.body.append("{\"name\":")
            response.body.append(quoted: path.model)
            response.body.append(",\"ready\":true}")
        } catch {
            return response.outcome(of: error, path)
        }
        return .answered
    }

    /// Every version with its state (model repository extension); `{"ready": true}` asks for ready ones only.
    private func writeIndex(_ request: borrowing Request, _ response: inout Response) {
        do {
            let readyOnly = try readsReadyOnly(request.body)
            let statuses = try service.statuses().filter { !readyOnly || $0.state == .ready }
            response.body.append("[")
            for (position, status) in statuses.enumerated() {
                if position > 0 { response.body.append(",") }
                write(status, into: &response.body)
            }
            response.body.append("]")
        } catch {
            response.body.clear()
            response.fail(PredictError(error, in: request.body))
        }
    }

    private func readsReadyOnly(_ body: Span<UInt8>) throws -> Bool {
        var readyOnly = false
        if body.isEmpty { return false }
        var reader = JSONReader(body)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key == "ready" { readyOnly = try reader.readBool() } else { _ = try reader.skipValue() }
        }
        try reader.expectEnd()
        return readyOnly
    }

    private func write(_ status: VersionStatus, into body: inout ByteBuffer) {
        body.append("{\"name\":")
        body.append(quoted: status.model)
        body.append(",\"version\":")
        body.append(quoted: status.version)
        body.append(",\"state\":\"")
        body.append(repositoryState(status.state))
        body.append("\"")
        if let reason = status.reason {
            body.append(",\"reason\":")
            body.append(quoted: reason)
        } else if status.state == .unloaded {
            body.append(",\"reason\":\"unloaded\"")
        }
        body.append("}")
    }

    private func repositoryState(_ state: VersionStatus.State) -> StaticString {
        switch state {
        case .found, .verifying, .loading, .warming: "LOADING"
        case .ready: "READY"
        case .draining: "UNLOADING"
        case .unloaded, .refused: "UNAVAILABLE"
        }
    }
}

extension Response {
    /// `{"models": ["a", "b"]}`
    mutating func writeModelNames(_ names: [String]) {
        body.append("{\"models\":[")
        for (position, name) in names.enumerated() {
            if position > 0 { body.append(",") }
            body.append(quoted: name)
        }
        body.append("]}")
    }
}
