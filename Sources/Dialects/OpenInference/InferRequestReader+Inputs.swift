// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

extension InferRequestReader {
    mutating func readInputs(
        _ reader: inout JSONReader, json: Span<UInt8>, binary: Span<UInt8>, workspace: Workspace
    ) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            try readInput(&reader, json: json, binary: binary, workspace: workspace)
        }
    }

    private mutating func readInput(
        _ reader: inout JSONReader, json: Span<UInt8>, binary: Span<UInt8>, workspace: Workspace
    ) throws {
        var input = PartialInput()
        try reader.beginObject()
        let start = reader.position
        if let header = known?.take(from: &reader) {
            (input.name, input.datatype, input.shape) = (header.name, header.datatype, header.shape)
            try readData(&reader, header: header, workspace: workspace)
            input.hasReadData = true
        }
        while let key = try reader.nextKeyText() {
            if reader.matches(key, "name") {
                guard input.name == nil else { throw PredictError.repeatedField("inputs[].name") }
                input.name = try reader.readString()
            } else if reader.matches(key, "datatype") {
                guard input.datatype == nil else { throw PredictError.repeatedField("inputs[].datatype") }
                input.datatype = try readDatatype(&reader)
            } else if reader.matches(key, "shape") {
                guard input.shape == nil else { throw PredictError.repeatedField("inputs[].shape") }
                input.shape = try TensorShape(from: &reader)
            } else if reader.matches(key, "data") {
                guard !input.hasReadData, input.deferredData == nil else {
                    throw PredictError.repeatedField("inputs[].data")
                }
                if let header = input.completeHeader {
                    if !input.hasOthers {
                        known?.remember(json.extracting(start..<reader.position), header)
                    }
                    try readData(&reader, header: header, workspace: workspace)
                    input.hasReadData = true
                } else {
                    input.deferredData = try reader.skipValue()
                }
            } else if reader.matches(key, "parameters") {
                guard !input.hasParameters else { throw PredictError.repeatedField("inputs[].parameters") }
                input.hasParameters = true
                input.hasOthers = true
                if try !skipsNull(&reader) { input.binarySize = try readBinarySize(&reader) }
            } else {
                input.hasOthers = true
                try reader.skipValue()
            }
        }
        try finish(input, json: json, binary: binary, workspace: workspace)
    }

    private mutating func finish(
        _ input: PartialInput, json: Span<UInt8>, binary: Span<UInt8>, workspace: Workspace
    ) throws {
        if input.hasReadData && input.binarySize == nil { return }
        let header = try input.header()
        switch (input.hasReadData || input.deferredData != nil, input.binarySize) {
        case (true, nil):
            guard let range = input.deferredData else { return }
            var reader = JSONReader(json.extracting(range))
            do {
                try readData(&reader, header: header, workspace: workspace)
            } catch let error as JSONError {
                throw JSONError(offset: error.offset + range.lowerBound, reason: error.reason)
            }
        case (false, let size?):
            try readBinary(binary, size: size, header: header, workspace: workspace)
        case (true, .some):
            throw PredictError.invalidField(
                "inputs[\(header.name)]",
                reason: "it must set only one of 'data' and 'binary_data_size' in 'parameters'")
        case (false, nil):
            throw PredictError.missingField("inputs[\(header.name)].data")
        }
    }

    private mutating func readBinary(
        _ binary: Span<UInt8>, size: Int, header: TensorHeader, workspace: Workspace
    ) throws {
        guard size <= binary.count - binaryOffset else {
            throw PredictError.wrongElementCount(
                input: header.name, expected: header.shape.elementCount ?? Int.max,
                given: "\(binary.count - binaryOffset) bytes left for 'binary_data_size' \(size)")
        }
        let bytes = binary.extracting(binaryOffset..<binaryOffset + size)
        binaryOffset += size
        try readBytes(bytes, header: header, workspace: workspace)
    }

    private func readDatatype(_ reader: inout JSONReader) throws -> Datatype {
        let name = try reader.readText()
        // Without a String for the two types that nearly all clients send.
        if reader.matches(name, "FP32") { return .float32 }
        if reader.matches(name, "FP64") { return .float64 }
        guard let datatype = Datatype(rawValue: reader.string(name)) else {
            let known = Datatype.allCases.map(\.rawValue).joined(separator: ", ")
            throw PredictError.invalidField(
                "datatype", reason: "'\(reader.string(name))' is none of \(known)")
        }
        return datatype
    }

    private func readBinarySize(_ reader: inout JSONReader) throws -> Int? {
        var size: Int?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key == "binary_data_size" {
                guard size == nil else { throw PredictError.repeatedField(key) }
                let value = try reader.readInt64()
                guard let positive = Int(exactly: value), positive >= 0 else {
                    throw PredictError.invalidField(key, reason: "\(value) is negative")
                }
                size = positive
            } else if key.hasPrefix("shared_memory") {
                throw PredictError.unsupported("shared memory is not supported; send the data in the request")
            } else {
                _ = try reader.skipValue()
            }
        }
        return size
    }
}

/// The members of one input as they come; `data` is read at once when it comes last, as all clients write
/// it, and found again when it does not.
private struct PartialInput {
    var name: String?
    var datatype: Datatype?
    var shape: TensorShape?
    var binarySize: Int?
    /// Where `data` begins, when it came before the rest.
    var deferredData: Range<Int>?
    var hasReadData = false
    var hasParameters = false
    /// There were other members than those that the header is made of.
    var hasOthers = false

    /// Nil until all three parts have come.
    var completeHeader: TensorHeader? {
        guard let name, let datatype, let shape else { return nil }
        return TensorHeader(name: name, datatype: datatype, shape: shape)
    }

    func header() throws(PredictError) -> TensorHeader {
        guard let name else { throw .missingField("inputs[].name") }
        guard datatype != nil else { throw .missingField("inputs[\(name)].datatype") }
        guard let completeHeader else { throw .missingField("inputs[\(name)].shape") }
        return completeHeader
    }
}
