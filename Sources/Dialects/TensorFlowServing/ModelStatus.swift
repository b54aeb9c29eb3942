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
        if let inputs = model.tensorInputs { return writeTensors(inputs, into: &body) }
        let number = Datatype(rawValue: model.inputType.rawValue) ?? .float64
        if InputBinder.takesMatrix(model.index) {
            write(InputBinder.matrixName, number, width: model.schema.count, into: &body)
        } else {
            for (position, feature) in model.schema.features.enumerated() {
                if position > 0 { body.append(",") }
                write(feature.name, feature.kind == .numeric ? number : .bytes, width: nil, into: &body)
            }
        }
        body.append("},\"outputs\":{")
        let output = model.outputs[0]
        write(output.name, output.datatype, width: output.width, into: &body)
        body.append("},\"method_name\":\"tensorflow/serving/predict\",\"defaults\":{}}}}}}")
    }

    private func write(_ name: String, _ datatype: Datatype, width: Int?, into body: inout ByteBuffer) {
        body.append(quoted: name)
        body.append(":{\"dtype\":\"")
        body.append(Self.tensorFlowType(datatype))
        body.append("\",\"tensor_shape\":{\"dim\":[{\"size\":\"-1\",\"name\":\"\"}")
        if let width {
            body.append(",{\"size\":\"")
            body.append(decimal: Int64(width))
            body.append("\",\"name\":\"\"}")
        }
        body.append("],\"unknown_rank\":false},\"name\":")
        body.append(quoted: "\(name):0")
        body.append("}")
    }

    /// The rest of the signature of an operator graph: its tensors under their own names.
    private func writeTensors(_ inputs: [TensorSpecification], into body: inout ByteBuffer) {
        for (position, input) in inputs.enumerated() {
            if position > 0 { body.append(",") }
            write(input.name, input.datatype, dimensions: input.dimensions ?? [nil], into: &body)
        }
        body.append("},\"outputs\":{")
        for (position, output) in model.outputs.enumerated() {
            if position > 0 { body.append(",") }
            write(output.name, output.datatype, dimensions: output.dimensions ?? [nil], into: &body)
        }
        body.append("},\"method_name\":\"tensorflow/serving/predict\",\"defaults\":{}}}}}}")
    }

    private func write(
        _ name: String, _ datatype: Datatype, dimensions: [Int?], into body: inout ByteBuffer
    ) {
        body.append(quoted: name)
        body.append(":{\"dtype\":\"")
        body.append(Self.tensorFlowType(datatype))
        body.append("\",\"tensor_shape\":{\"dim\":[")
        for (axis, size) in dimensions.enumerated() {
            body.append(axis > 0 ? ",{\"size\":\"" : "{\"size\":\"")
            body.append(decimal: Int64(size ?? -1))
            body.append("\",\"name\":\"\"}")
        }
        body.append("],\"unknown_rank\":false},\"name\":")
        body.append(quoted: "\(name):0")
        body.append("}")
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
