// SPDX-License-Identifier: Apache-2.0
internal import Base
package import HTTP
internal import Serving

package enum InvocationsEndpoint: Sendable, Equatable {
    case ping, version, invocations, executionParameters, models, model, loadModel, unloadModel, invoke
}

extension Endpoint {
    static let invocationsRoutes: [Route<Endpoint>] = [
        Route(.get, "/ping", .invocations(.ping)),
        Route(.get, "/health", .invocations(.ping)),
        Route(.get, "/version", .invocations(.version)),
        Route(.post, "/invocations", .invocations(.invocations)),
        Route(.get, "/execution-parameters", .invocations(.executionParameters)),
        Route(.get, "/models", .invocations(.models)),
        Route(.get, "/models/{model}", .invocations(.model)),
        Route(.post, "/models", .invocations(.loadModel)),
        Route(.delete, "/models/{model}", .invocations(.unloadModel)),
        Route(.post, "/models/{model}/invoke", .invocations(.invoke)),
    ]
}

/// Whose contract `POST /invocations` follows.
package enum InvocationsStyle: Sendable, Equatable { case mlflow, sageMaker }

/// What MLflow's scoring server and SageMaker's containers answer: `docs/protocols/mlflow.md`,
/// `docs/protocols/sagemaker.md`.
package struct InvocationsDialect {
    private let service: PredictService
    private let serverVersion: String
    private let options: InvocationsOptions
    private let frame: PredictionFrame

    package init(frame: PredictionFrame, serverVersion: String, options: InvocationsOptions) {
        service = frame.service
        self.serverVersion = serverVersion
        self.options = options
        self.frame = frame
    }

    /// - Parameter waited: nanoseconds that the request has spent in the queue for a worker.
    package func answer(
        _ endpoint: InvocationsEndpoint, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response, waited: UInt64 = 0
    ) -> Outcome {
        switch endpoint {
        case .ping: writePing(&response)
        case .version:
            response.contentType = .text
            response.body.append(serverVersion)
        case .invocations where options.style == .mlflow:
            return frame.answer(MLflowForm(), path, request, &response, waited: waited)
        case .invocations, .invoke:
            return frame.answer(
                SageMakerForm(defaultAccept: options.defaultAccept), path, request, &response,
                waited: waited)
        case .executionParameters: writeExecutionParameters(&response)
        case .models: writeModels(&response)
        case .model: writeModel(path.model, &response)
        case .loadModel: refuseLoading(request, &response)
        case .unloadModel: refuseUnloading(path.model, &response)
        }
        return .answered
    }

    /// SageMaker looks at the status alone; MLflow's body is an empty line.
    private func writePing(_ response: inout Response) {
        response.contentType = .text
        if !service.isReady { response.status = .serviceUnavailable }
        response.body.append("\n")
    }

    /// What SageMaker's batch transform asks for before it begins.
    private func writeExecutionParameters(_ response: inout Response) {
        response.body.append("{\"MaxConcurrentTransforms\":")
        response.body.append(decimal: Int64(options.concurrentTransforms))
        response.body.append(",\"BatchStrategy\":\"MULTI_RECORD\",\"MaxPayloadInMB\":")
        response.body.append(decimal: Int64(max(1, options.bodyBytesMax >> 20)))
        response.body.append("}")
    }

    // MARK: Several models

    private func writeModels(_ response: inout Response) {
        response.body.append("{\"models\":[")
        for (position, name) in readyNames.enumerated() {
            if position > 0 { response.body.append(",") }
            write(name, into: &response.body)
        }
        response.body.append("]}")
    }

    private var readyNames: [String] {
        service.modelNames.filter { !service.readyVersions(of: $0).isEmpty }
    }

    private func writeModel(_ name: String, _ response: inout Response) {
        do {
            _ = try service.resolve(name, version: nil)
            write(name, into: &response.body)
        } catch {
            response.fail(error)
        }
    }

    private func write(_ name: String, into body: inout ByteBuffer) {
        body.append("{\"modelName\":")
        body.append(quoted: name)
        body.append(",\"modelUrl\":")
        body.append(quoted: options.registryPath + "/" + name)
        body.append("}")
    }

    /// A model that is there already is a conflict, as the contract has it; others come by the registry only.
    private func refuseLoading(_ request: borrowing Request, _ response: inout Response) {
        do {
            let name = try readModelName(request.body)
            guard !readyNames.contains(name) else {
                return response.fail(.conflict, "model '\(name)' is already loaded")
            }
            response.fail(
                .forbidden,
                "models are loaded from the registry '\(options.registryPath)'; put '\(name)' there")
        } catch {
            response.fail(PredictError(error, in: request.body))
        }
    }

    private func refuseUnloading(_ name: String, _ response: inout Response) {
        do {
            _ = try service.resolve(name, version: nil)
            response.fail(
                .forbidden,
                "models are served as long as they are in the registry '\(options.registryPath)'")
        } catch {
            response.fail(error)
        }
    }

    private func readModelName(_ body: Span<UInt8>) throws -> String {
        var name: String?
        var reader = JSONReader(body)
        try reader.beginObject()
        while let key = try reader.nextKeyText() {
            guard reader.matches(key, "model_name") else {
                try reader.skipValue()
                continue
            }
            guard name == nil else { throw PredictError.repeatedField("model_name") }
            name = try reader.readString()
        }
        try reader.expectEnd()
        guard let name else { throw PredictError.missingField("model_name") }
        return name
    }
}

/// What the daemon's configuration says for these contracts.
package struct InvocationsOptions: Sendable {
    package var style = InvocationsStyle.mlflow
    /// The media type of answers whose request takes any; nil: JSON.
    package var defaultAccept: String?
    /// What SageMaker's batch transform may have in flight at once.
    package var concurrentTransforms = 1
    /// The largest body that is read.
    package var bodyBytesMax = 64 << 20
    /// Where models come from, for `GET /models`.
    package var registryPath = ""

    package init() {}
}
