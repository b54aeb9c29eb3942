// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Writes `GET /v1/models/{m}`: one body that serves TensorFlow Serving's clients (`model_version_status`)
/// and KServe's (`name`, `ready`).
struct ModelStatusWriter {
    let name: String
    let versions: [VersionStatus]

    func write(into body: inout ByteBuffer) {
        body.append("{\"name\":")
        body.append(quoted: name)
        body.append(",\"ready\":")
        body.append(versions.contains { $0.state == .ready } ? "true" : "false")
        body.append(",\"model_version_status\":[")
        for (position, status) in versions.enumerated() {
            if position > 0 { body.append(",") }
            body.append("{\"version\":")
            body.append(quoted: status.version)
            body.append(",\"state\":\"")
            body.append(servableState(status.state))
            body.append("\",\"status\":{\"error_code\":\"")
            body.append(status.reason == nil ? "OK" : "FAILED_PRECONDITION")
            body.append("\",\"error_message\":")
            body.append(quoted: status.reason ?? "")
            body.append("}}")
        }
        body.append("]}")
    }

    /// The name of TensorFlow Serving's `ModelVersionStatus.State` for one of ours.
    private func servableState(_ state: VersionStatus.State) -> StaticString {
        switch state {
        case .found: "START"
        case .verifying, .loading, .warming: "LOADING"
        case .ready: "AVAILABLE"
        case .draining: "UNLOADING"
        case .unloaded, .refused: "END"
        }
    }
}

/// Writes `GET /v1/models/{m}/metadata` as TensorFlow Serving's `SignatureDef` JSON.
struct SignatureMetadataWriter {
    let model: ServedModel

    func write(into body: inout ByteBuffer) {
        body.append("{\"model_spec\":{\"name\":")
        body.append(quoted: model.name)
        body.append(",\"signature_name\":\"\",\"version\":")
        body.append(quoted: model.version)
        body.append("},\"metadata\":{\"signature_def\":{\"signature_def\":{\"serving_default\":{\"inputs\":{")
        write(inputs, into: &body)
        body.append("},\"outputs\":{")
        write(model.takesTensors ? model.describedOutputs : [model.describedOutputs[0]], into: &body)
        body.append("},\"method_name\":\"tensorflow/serving/predict\",\"defaults\":{}}}}}}")
    }

    /// A feature by itself is one value a row here.
    private var inputs: [TensorSpecification] {
        let inputs = model.describedInputs
        if model.takesTensors || InputBinder.takesMatrix(model.index) { return inputs }
        return inputs.map { TensorSpecification(name: $0.name, datatype: $0.datatype, dimensions: [nil]) }
    }

    private func write(_ tensors: [TensorSpecification], into body: inout ByteBuffer) {
        for (position, tensor) in tensors.enumerated() {
            if position > 0 { body.append(",") }
            body.append(quoted: tensor.name)
            body.append(":{\"dtype\":\"")
            body.append(Self.tensorFlowType(tensor.datatype))
            body.append("\",\"tensor_shape\":{\"dim\":[")
            for (axis, size) in (tensor.dimensions ?? [nil]).enumerated() {
                body.append(axis > 0 ? ",{\"size\":\"" : "{\"size\":\"")
                body.append(decimal: Int64(size ?? -1))
                body.append("\",\"name\":\"\"}")
            }
            body.append("],\"unknown_rank\":false},\"name\":")
            body.append(quoted: "\(tensor.name):0")
            body.append("}")
        }
    }

    static func tensorFlowType(_ datatype: Datatype) -> StaticString {
        switch datatype {
        case .bool: "DT_BOOL"
        case .uint8: "DT_UINT8"
        case .uint16: "DT_UINT16"
        case .uint32: "DT_UINT32"
        case .uint64: "DT_UINT64"
        case .int8: "DT_INT8"
        case .int16: "DT_INT16"
        case .int32: "DT_INT32"
        case .int64: "DT_INT64"
        case .float16: "DT_HALF"
        case .bfloat16: "DT_BFLOAT16"
        case .float32: "DT_FLOAT"
        case .float64: "DT_DOUBLE"
        case .bytes: "DT_STRING"
        }
    }
}
