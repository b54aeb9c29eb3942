// SPDX-License-Identifier: Apache-2.0
import Base
import HTTP
import ModelFormat
import Registry
import Serving
import Tabular
import Telemetry
import TestKit
import Testing

@testable import Dialects

/// What a dialect made of one request body.
enum Outcome: Equatable {
    case answer(String, binary: [UInt8] = [])
    case refused(PredictError)

    var error: PredictError? { if case .refused(let error) = self { error } else { nil } }
    var code: String? { error?.code }
    /// The text of the answer; nil when there is none.
    var text: String? { if case .answer(let text, _) = self { text } else { nil } }
    /// Refused with a client error.
    var isClientError: Bool { error.map { (400..<500).contains($0.status.code) } ?? false }
}

/// Reads and answers requests as the dialects do, without a connection.
struct Exchange {
    let service: PredictService
    let model: ServedModel
    let workspace = Workspace(rowLimit: 1_000_000)
    private let known = KnownTensorHeader()

    init(_ model: String) throws {
        service = try Self.models.get()
        self.model = try service.resolve(model, version: nil)
    }

    // MARK: Open Inference Protocol

    func infer(_ json: String, binary: [UInt8] = []) -> Outcome { infer(Array(json.utf8), binary: binary) }

    /// Reads it twice: the second time its tensors may be known.
    func infer(_ json: [UInt8], binary: [UInt8] = []) -> Outcome {
        let first = inferOnce(json, binary: binary)
        #expect(inferOnce(json, binary: binary) == first)
        return first
    }

    private func inferOnce(_ json: [UInt8], binary: [UInt8]) -> Outcome {
        do {
            var reader = InferRequestReader(model: model, known: known)
            let request = try reader.read(json.span, binary: binary.span, into: workspace)
            try service.predict(model, workspace)
            var body = ByteBuffer()
            let length = try InferResponseWriter(model: model, request: request).write(workspace, into: &body)
            let split = length ?? body.count
            return .answer(
                String(copying: body.bytes.extracting(0..<split)),
                binary: (split..<body.count).map { body.bytes[$0] })
        } catch {
            return .refused(PredictError(error, in: json.span))
        }
    }

    /// Infers a single input named `name`.
    func infer(_ name: String, _ datatype: String, shape: String, data: String) -> Outcome {
        infer(
            #"{"inputs":[{"name":"\#(name)","datatype":"\#(datatype)","shape":\#(shape),"data":\#(data)}]}"#)
    }

    /// Infers a single binary input named `name`.
    func infer(_ name: String, _ datatype: String, shape: String, bytes: [UInt8]) -> Outcome {
        let header = #""name":"\#(name)","datatype":"\#(datatype)","shape":\#(shape)"#
        let parameters = #"{"binary_data_size":\#(bytes.count)}"#
        return infer(#"{"inputs":[{\#(header),"parameters":\#(parameters)}]}"#, binary: bytes)
    }

    // MARK: Instances

    func predict(_ json: String) -> Outcome { predict(Array(json.utf8)) }

    /// As `:explain`.
    func explain(_ json: String) -> Outcome { predict(Array(json.utf8), explains: true) }

    func predict(_ json: [UInt8], explains: Bool = false) -> Outcome {
        do {
            var stop = ServingWords.Stop()
            let (list, outputs) = try InstancesRequestReader(model: model).read(
                json.span, into: workspace, noting: &stop)
            try service.predict(model, workspace)
            var body = ByteBuffer()
            let writer = InstancesResponseWriter(model: model, list: list, outputs: outputs)
            if explains {
                try writer.writeExplained(workspace, into: &body)
            } else {
                try writer.write(workspace, into: &body)
            }
            return .answer(String(copying: body.bytes))
        } catch {
            return .refused(PredictError(error, in: json.span))
        }
    }

    // MARK: Any form

    /// Reads and answers a body as `form` does; the headers that `begin` looks at are none.
    func answer(_ form: some PredictionForm, _ body: [UInt8]) -> Outcome {
        var form = form
        var response = Response()
        do {
            try form.check(model)
            try form.read(body.span, model, into: workspace)
            try service.predict(model, workspace)
            try form.write(workspace, model, into: &response)
            return .answer(String(copying: response.body.bytes))
        } catch {
            return .refused(PredictError(error, in: body.span))
        }
    }

    // MARK: What was read

    /// The cells of the last request, row by row.
    var cells: [[Double]] {
        (0..<workspace.rows.rowCount).map { row in
            (0..<workspace.rows.columnCount).map { workspace.rows.value(row: row, column: $0) }
        }
    }

    // MARK: Models

    /// A registry over a directory that is gone; its models stay in memory.
    private static let models = Result { try load() }

    private static let graphs: [String: ModelGraph] = [
        // x
        "identity": linear([numeric("x")], [1], .identity),
        // x, give or take 2
        "sure": linear(
            [numeric("x")], [1], .identity,
            interval: PredictionInterval(level: 0.9, radius: 2, kind: .residual)),
        // a + 10 b
        "pair": linear([numeric("a"), numeric("b")], [1, 10], .identity),
        // n + 100 (c is red) + 200 (c is green)
        "mixed": linear(
            [numeric("n"), Feature(name: "c", kind: .categorical(categories: ["red", "grün"]))],
            [1, 100, 200],
            .identity, stages: [.encode([.pass, .oneHot(categoryCount: 2)])]),
        // Infinite from x = 10 on.
        "huge": linear([numeric("x")], [1e308], .identity),
        "binary": linear([numeric("x")], [1], .logistic, labels: .strings(["no", "yes"])),
        // softmax(x, y, 0)
        "classes": ModelGraph(
            schema: FeatureSchema(features: [numeric("x"), numeric("y")]),
            estimator: .linear(
                LinearModel(coefficients: [1, 0, 0, 1, 0, 0], intercepts: [0, 0, 0])),
            output: OutputDescription(transform: .softmax, labels: .integers([10, 20, 30]))),
    ]

    /// Operator graphs, dropped in as ONNX files; their directories are named for their cases.
    private static let onnxModels = [
        "sk_ct_logreg", "sk_logreg_string_labels", "sk_logreg_binary_zipmap", "torch_cnn_digits", "sk_ridge",
        "torch_lstm_bidir",
    ]

    /// Trees that take margins to start from: one a row, and three.
    private static let xgboostModels = ["xgb_binary_logistic", "xgb_reg_vectorleaf"]

    static let fixtures: String = {
        let parts = #filePath.split(separator: "/").dropLast(2)
        return "/" + parts.joined(separator: "/") + "/Fixtures/models/onnx/"
    }()

    private static func numeric(_ name: String) -> Feature { Feature(name: name, kind: .numeric) }

    private static func linear(
        _ features: [Feature], _ coefficients: [Double], _ transform: OutputTransform,
        stages: [PreprocessingStage] = [], labels: ClassLabels? = nil, interval: PredictionInterval? = nil
    ) -> ModelGraph {
        ModelGraph(
            schema: FeatureSchema(features: features), stages: stages,
            estimator: .linear(LinearModel(coefficients: coefficients, intercepts: [0])),
            output: OutputDescription(transform: transform, labels: labels, interval: interval))
    }

    private static func load() throws -> PredictService {
        try TemporaryDirectory.with { directory in
            for (name, graph) in graphs {
                try directory.makeDirectory("\(name)/1")
                try NativeModel.writeFile(graph, to: directory.path("\(name)/1/model.safetensors"))
            }
            for name in onnxModels {
                try directory.makeDirectory("\(name)/1")
                let bytes = try File.read("\(fixtures)\(name)/model.onnx", limit: 1 << 24)
                try AtomicFile.write(bytes.span, to: directory.path("\(name)/1/model.onnx"))
            }
            for name in xgboostModels {
                try directory.makeDirectory("\(name)/1")
                let bytes = try File.read("\(fixtures)../xgboost/\(name)/model.json", limit: 1 << 24)
                try AtomicFile.write(bytes.span, to: directory.path("\(name)/1/model.json"))
            }
            // An hour ahead: files that were written just now are at rest.
            let clock = RegistryClock(
                now: RegistryClock.system.now,
                wallClock: { RegistryClock.system.wallClock() + 3_600_000_000_000 })
            let registry = Registry(
                Registry.Configuration(path: directory.path), metrics: MetricRegistry(),
                logger: Logger(sink: .closure { _ in }), clock: clock)
            try registry.look()
            registry.waitForLoads()
            return PredictService(registry: registry)
        }
    }
}
