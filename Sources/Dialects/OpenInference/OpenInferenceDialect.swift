// SPDX-License-Identifier: Apache-2.0
internal import Base
package import HTTP
package import Serving
internal import Tabular

package enum OpenInferenceEndpoint: Sendable, Equatable {
    case server, live, ready, models, model, modelReady, infer, repositoryIndex
}

extension Route {
    static let openInference: [Route] = [
        Route(.get, "/v2", .openInference(.server)),
        Route(.get, "/v2/health/live", .openInference(.live)),
        Route(.get, "/v2/health/ready", .openInference(.ready)),
        Route(.get, "/v2/models", .openInference(.models)),
        Route(.get, "/v2/models/{model}", .openInference(.model)),
        Route(.get, "/v2/models/{model}/ready", .openInference(.modelReady)),
        Route(.post, "/v2/models/{model}/infer", .openInference(.infer)),
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
    private let workspace: Workspace
    private let costMax: UInt64

    /// - Parameter costMax: predictions that are expected to take more nanoseconds are not answered here.
    package init(
        service: PredictService, serverVersion: String, workspace: Workspace, costMax: UInt64 = .max
    ) {
        self.service = service
        self.serverVersion = serverVersion
        self.workspace = workspace
        self.costMax = costMax
    }

    package func answer(
        _ endpoint: OpenInferenceEndpoint, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response
    ) -> Outcome {
        switch endpoint {
        case .server: writeServer(&response)
        case .live: response.body.append("{\"live\":true}")
        case .ready: writeReady(&response)
        case .models: response.writeModelNames(service.modelNames)
        case .model: writeModel(path, &response)
        case .modelReady: writeModelReady(path, &response)
        case .infer: return infer(path, request, &response)
        case .repositoryIndex: writeIndex(request, &response)
        }
        return .answered
    }

    // MARK: Predictions

    private func infer(
        _ path: PathParameters, _ request: borrowing Request, _ response: inout Response
    ) -> Outcome {
        let start = MonotonicInstant.now
        let model: ServedModel
        let jsonLength: Int
        do {
            model = try service.resolve(path.model, version: path.version)
            jsonLength = try self.jsonLength(of: request)
        } catch {
            response.fail(error)
            return .answered
        }
        let cost = model.estimatedCost(jsonSize: jsonLength, binarySize: request.body.count - jsonLength)
        if cost > costMax { return .tooCostly(nanoseconds: cost) }
        var rows = 0
        do {
            var reader = InferRequestReader(model: model)
            let inference = try reader.read(
                request.body.extracting(0..<jsonLength),
                binary: request.body.extracting(jsonLength..<request.body.count), into: workspace)
            let explanation = inference.explanationCost(model, workspace)
            if explanation > costMax {
                workspace.end()
                return .tooCostly(nanoseconds: cost + explanation)
            }
            try service.predict(model, workspace)
            let writer = InferResponseWriter(model: model, request: inference)
            if let length = try writer.write(workspace, into: &response.body) {
                response.contentType = .octetStream
                response.addHeader("Inference-Header-Content-Length", "\(length)")
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

    /// Bytes of the JSON that a request begins with: all of it, unless `Inference-Header-Content-Length`
    /// says.
    private func jsonLength(of request: borrowing Request) throws(PredictError) -> Int {
        guard let value = request.header("Inference-Header-Content-Length") else { return request.body.count }
        var length = 0
        for position in value.indices {
            let digit = value[position] &- UInt8(ascii: "0")
            // More digits than a body can have bytes; also keeps the sum from overflowing.
            guard digit < 10, position < 15 else {
                throw .invalidField(
                    "Inference-Header-Content-Length",
                    reason: "Unable to parse Inference-Header-Content-Length, got: \(String(copying: value))")
            }
            length = length * 10 + Int(digit)
        }
        guard !value.isEmpty, length > 0, length <= request.body.count else {
            throw .invalidField(
                "Inference-Header-Content-Length",
                reason: "inference header size should be in range (1, \(request.body.count)), got: \(length)")
        }
        return length
    }

    // MARK: What is there

    private func writeServer(_ response: inout Response) {
        response.body.append("{\"name\":\"modeld\",\"version\":")
        response.body.append(quoted: serverVersion)
        response.body.append(",\"extensions\":[\"binary_tensor_data\",\"model_repository\"]}")
    }

    private func writeReady(_ response: inout Response) {
        let isReady = service.isReady
        if !isReady { response.status = .serviceUnavailable }
        response.body.append(isReady ? "{\"ready\":true}" : "{\"ready\":false}")
    }

    private func writeModel(_ path: PathParameters, _ response: inout Response) {
        do {
            let model = try service.resolve(path.model, version: path.version)
            let versions = path.version.map { [$0] } ?? service.readyVersions(of: path.model)
            ModelMetadataWriter(model: model, versions: versions).write(into: &response.body)
        } catch {
            response.fail(error)
        }
    }

    private func writeModelReady(_ path: PathParameters, _ response: inout Response) {
        do {
            _ = try service.resolve(path.model, version: path.version)
            response.body.append("{\"name\":")
            response.body.append(quoted: path.model)
            response.body.append(",\"ready\":true}")
        } catch {
            response.fail(error)
        }
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
        case .found, .loading: "LOADING"
        case .ready: "READY"
        case .unloading: "UNLOADING"
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
