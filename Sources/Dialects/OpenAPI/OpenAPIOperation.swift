// SPDX-License-Identifier: Apache-2.0
internal import Base

/// What the document says of an endpoint. A new endpoint does not compile without its line here.
struct OpenAPIOperation {
    struct Media {
        var name: String
        var isJSON: Bool { name == "application/json" }
        var schema: JSONValue {
            name.hasPrefix("text/") || name.hasSuffix("jsonlines")
                ? .record([("type", "string")]) : .record([])
        }

        static let json = Media(name: "application/json")
        static let text = Media(name: "text/plain; charset=utf-8")
        static let bytes = Media(name: "application/octet-stream")
        static let csv = Media(name: "text/csv")
        static let lines = Media(name: "application/jsonlines")
        static let array = Media(name: "application/x-npy")
        static let html = Media(name: "text/html; charset=utf-8")
    }

    struct Request {
        var schema: String
        var mediaTypes: [Media] = [.json]
        var isRequired = true
    }

    var tag: String
    var summary: String
    var request: Request?
    /// Nil: text.
    var answer: String?
    var answerTypes: [Media] = [.json]
    var answerStatus = 200
    /// Those behind the question mark.
    var parameters: [Parameter] = []
    var errors: [Int] = []
    var errorSchema = "Error"
    var errorType = Media.json
    /// False for what is always refused.
    var isAnswered = true

    private static let predictionErrors = [400, 404, 413, 503]

    init(_ endpoint: Endpoint) {
        switch endpoint {
        case .openInference(let endpoint): self.init(endpoint)
        case .instances(let endpoint): self.init(endpoint)
        case .invocations(let endpoint): self.init(endpoint)
        case .document(let endpoint): self.init(endpoint)
        }
    }

    init(_ summary: String, tag: String, answer: String?, errors: [Int] = []) {
        self.tag = tag
        self.summary = summary
        self.answer = answer
        self.errors = errors
    }

    private init(_ endpoint: OpenInferenceEndpoint) {
        let tag = "Open Inference Protocol"
        switch endpoint {
        case .server:
            self.init("Name, version and extensions of the server", tag: tag, answer: "ServerMetadata")
        case .live: self.init("Whether the process answers", tag: tag, answer: "Live")
        case .ready:
            self.init("Whether the models of the start are loaded", tag: tag, answer: "Ready", errors: [503])
            errorSchema = "Ready"
        case .models: self.init("The names of the models", tag: tag, answer: "ModelNames")
        case .model:
            self.init(
                "What a model takes and answers", tag: tag, answer: "ModelMetadata", errors: [404, 503])
        case .modelReady:
            self.init("Whether a model answers", tag: tag, answer: "ModelReady", errors: [404, 503])
        case .infer:
            self.init("Predictions", tag: tag, answer: "InferAnswer", errors: Self.predictionErrors)
            request = Request(schema: "InferRequest")
            answerTypes = [.json, .bytes]
        case .configuration:
            self.init(
                "The configuration, as Triton's clients read it", tag: tag, answer: "Anything",
                errors: [404, 503])
        case .statistics:
            self.init("What has been counted", tag: tag, answer: "Statistics", errors: [404, 503])
        case .repositoryIndex:
            self.init("All versions with their states", tag: tag, answer: "RepositoryIndex", errors: [400])
            request = Request(schema: "RepositoryQuery", isRequired: false)
        }
    }

    private init(_ endpoint: InstancesEndpoint) {
        let tag = "Instances (TensorFlow Serving, KServe V1, Vertex AI)"
        switch endpoint {
        case .alive: self.init("Whether the process answers", tag: tag, answer: "Anything")
        case .models: self.init("The names of the models", tag: tag, answer: "ModelNames")
        case .status:
            self.init(
                "The versions of a model and their states", tag: tag, answer: "ModelStatus", errors: [404])
        case .metadata:
            self.init("The signature of a model", tag: tag, answer: "Anything", errors: [404, 503])
        case .predict:
            self.init("Predictions", tag: tag, answer: "InstancesAnswer", errors: Self.predictionErrors)
            request = Request(schema: "InstancesRequest")
        case .explain:
            self.init(
                "Predictions, and what each feature added", tag: tag, answer: "Anything",
                errors: Self.predictionErrors)
            request = Request(schema: "InstancesRequest")
        case .classify, .regress:
            let isClassify = endpoint == .classify
            self.init(
                isClassify ? "Classes with their probabilities" : "A number for each example", tag: tag,
                answer: "Results", errors: Self.predictionErrors)
            request = Request(schema: "ExamplesRequest")
        }
    }

    private init(_ endpoint: InvocationsEndpoint) {
        let tag = "Invocations (MLflow, SageMaker)"
        switch endpoint {
        case .ping:
            self.init("Whether the models of the start are loaded", tag: tag, answer: nil, errors: [503])
            answerTypes = [.text]
            errorType = .text
            errorSchema = "Text"
        case .version:
            self.init("modeld's version", tag: tag, answer: nil)
            answerTypes = [.text]
        case .invocations:
            self.init(
                "Predictions of the default model", tag: tag, answer: "InvocationsAnswer",
                errors: Self.predictionErrors + [415])
            request = Request(schema: "InvocationsRequest", mediaTypes: [.json, .csv])
            errorSchema = "InvocationsError"
        case .invoke:
            self.init(
                "Predictions of a model", tag: tag, answer: "InvocationsAnswer",
                errors: Self.predictionErrors + [415])
            request = Request(schema: "RecordsRequest", mediaTypes: [.json, .csv, .lines, .array, .bytes])
            answerTypes = [.json, .csv, .lines, .array]
        case .executionParameters: self.init("What batch transform may send", tag: tag, answer: "Anything")
        case .models: self.init("The models that answer", tag: tag, answer: "Anything")
        case .model: self.init("A model", tag: tag, answer: "Anything", errors: [404, 503])
        case .loadModel:
            self.init("Refused: models come by the registry", tag: tag, answer: nil, errors: [400, 403, 409])
            request = Request(schema: "LoadRequest")
            isAnswered = false
        case .unloadModel:
            self.init("Refused: models go with the registry", tag: tag, answer: nil, errors: [403, 404, 503])
            isAnswered = false
        }
    }

    private init(_ endpoint: DocumentEndpoint) {
        let tag = "Documents"
        switch endpoint {
        case .server: self.init("This document", tag: tag, answer: "Anything")
        case .model: self.init("The document of a model", tag: tag, answer: "Anything", errors: [404, 503])
        case .page:
            self.init("A page to try requests on", tag: tag, answer: nil)
            answerTypes = [.html]
        }
    }
}
