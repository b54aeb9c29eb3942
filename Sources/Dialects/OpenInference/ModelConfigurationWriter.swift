// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Writes a model's configuration as Triton's clients read it (model configuration extension): the tensors
/// without their rows, and how many rows a request may have.
struct ModelConfigurationWriter {
    let model: ServedModel
    let rowLimit: Int
    /// How the daemon computes requests together where the model's policy says nothing of it.
    let joining: JoiningRules

    /// Whether all tensors begin with the rows of the request.
    private var hasRows: Bool {
        guard let inputs = model.tensorInputs else { return true }
        return (inputs.map(\.dimensions) + model.outputs.map(\.dimensions)).allSatisfy { dimensions in
            guard let first = dimensions?.first else { return false }
            return first == nil
        }
    }

    func write(into body: inout ByteBuffer) {
        body.append("{\"name\":")
        body.append(quoted: model.name)
        body.append(",\"platform\":")
        body.append(quoted: model.platform)
        body.append(",\"backend\":\"modeld\",\"version_policy\":{\"specific\":{\"versions\":[")
        body.append(model.version)
        body.append("]}},\"max_batch_size\":")
        body.append(decimal: hasRows ? Int64(rowLimit) : 0)
        body.append(",\"input\":[")
        // Not the margins: Triton's tools take an input that the metadata does not list for a defect.
        write(model.describedInputs, areInputs: true, into: &body)
        body.append("],\"output\":[")
        write(model.describedOutputs, areInputs: false, into: &body)
        body.append("],\"model_transaction_policy\":{\"decoupled\":false}")
        writeBatching(into: &body)
        body.append("}")
    }

    /// How requests are joined, where they are. Triton's configuration has no place for the rows of a block
    /// that are not those of a request: they are a parameter.
    private func writeBatching(into body: inout ByteBuffer) {
        guard let rules = model.joiningRules(joining) else { return }
        body.append(",\"dynamic_batching\":{\"preferred_batch_size\":[")
        for (position, size) in rules.preferredRows.enumerated() {
            if position > 0 { body.append(",") }
            body.append(decimal: Int64(size))
        }
        body.append("],\"max_queue_delay_microseconds\":")
        body.append(decimal: Int64(rules.delay / 1000))
        body.append(",\"default_queue_policy\":{\"timeout_action\":\"REJECT\"")
        body.append(",\"default_timeout_microseconds\":")
        body.append(decimal: Int64(clamping: (model.deadline ?? 0) / 1000))
        body.append(",\"allow_timeout_override\":true,\"max_queue_size\":")
        // Without a limit of requests at work there is no queue of the model's own.
        body.append(decimal: Int64(model.queueSize ?? 0))
        body.append("}},\"parameters\":{\"dynamic_batching.max_batch_size\":{\"string_value\":\"")
        body.append(decimal: Int64(rules.rows))
        body.append("\"}}")
    }

    private func write(_ tensors: [TensorSpecification], areInputs: Bool, into body: inout ByteBuffer) {
        for (position, tensor) in tensors.enumerated() {
            body.append(position > 0 ? ",{\"name\":" : "{\"name\":")
            body.append(quoted: tensor.name)
            body.append(",\"data_type\":\"TYPE_")
            body.append(tensor.datatype == .bytes ? "STRING" : tensor.datatype.rawValue)
            body.append("\",\"dims\":[")
            let whole = tensor.dimensions ?? [nil]
            let shape = hasRows ? Array(whole.dropFirst()) : whole
            // Dimensions may not be empty there: one value a row is a dimension of 1 that is not sent.
            for (axis, size) in (shape.isEmpty ? [1] : shape).enumerated() {
                if axis > 0 { body.append(",") }
                body.append(decimal: Int64(size ?? -1))
            }
            body.append(
                shape.isEmpty ? "],\"reshape\":{\"shape\":[]}}" : areInputs ? "],\"optional\":false}" : "]}")
        }
    }
}
