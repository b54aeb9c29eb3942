// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

extension InferRequestReader {
    func readOutputs(_ reader: inout JSONReader) throws -> [RequestedOutput] {
        var outputs: [RequestedOutput] = []
        try reader.beginArray()
        while try reader.nextElement() {
            let output = try readOutput(&reader)
            guard !outputs.contains(where: { $0.output == output.output }) else {
                throw PredictError.repeatedOutput(model.outputs[output.output].name)
            }
            outputs.append(output)
        }
        return outputs
    }

    private func readOutput(_ reader: inout JSONReader) throws -> RequestedOutput {
        var name: String?
        var parameters: OutputParameters?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name":
                guard name == nil else { throw PredictError.repeatedField("outputs[].name") }
                name = try reader.readString()
            case "parameters":
                guard parameters == nil else { throw PredictError.repeatedField("outputs[].parameters") }
                parameters = OutputParameters()
                if try !skipsNull(&reader) { parameters = try readOutputParameters(&reader) }
            default: try reader.skipValue()
            }
        }
        guard let name else { throw PredictError.missingField("outputs[].name") }
        guard let output = model.outputs.firstIndex(where: { $0.name == name }) else {
            throw PredictError.unknownOutput(
                name, model: model.name, available: model.outputs.map(\.name))
        }
        if parameters?.classCount != nil, !model.outputs[output].datatype.isFloat {
            throw PredictError.invalidField(
                "classification", reason: "output '\(name)' has no numbers to sort")
        }
        return RequestedOutput(
            output: output, isBinary: parameters?.isBinary ?? false, classCount: parameters?.classCount)
    }

    private struct OutputParameters {
        var isBinary: Bool?
        var classCount: Int?
    }

    private func readOutputParameters(_ reader: inout JSONReader) throws -> OutputParameters {
        var parameters = OutputParameters()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "binary_data":
                guard parameters.isBinary == nil else { throw PredictError.repeatedField(key) }
                parameters.isBinary = try reader.readBool()
            case "classification":
                guard parameters.classCount == nil else { throw PredictError.repeatedField(key) }
                let count = try reader.readUInt64()
                // Zero is how tritonclient writes that no classes are asked for.
                if count > 0 { parameters.classCount = Int(clamping: count) }
            case _ where key.hasPrefix("shared_memory"):
                throw PredictError.unsupported("shared memory is not supported; outputs come in the answer")
            default: try readCustomParameter(&reader, key)
            }
        }
        return parameters
    }
}
