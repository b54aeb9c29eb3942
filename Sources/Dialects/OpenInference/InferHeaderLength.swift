// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving

/// Where the JSON of a V2 request ends and its binary tensors begin.
enum InferHeaderLength {
    /// Bytes of the JSON that a request begins with: all of it, unless `Inference-Header-Content-Length`
    /// says, or the media type of SageMaker's and Vertex AI's variants of the extension
    /// (`application/vnd.…-triton.binary+json;json-header-size=N`). 0: the body is one tensor.
    static func read(_ request: borrowing Request) throws(PredictError) -> Int {
        let total = request.body.count
        if let value = request.header("Inference-Header-Content-Length") {
            return try length(value, of: "Inference-Header-Content-Length", total)
        }
        if let type = request.header("Content-Type"), let value = headerSize(in: type) {
            return try length(value, of: "json-header-size", total)
        }
        return total
    }

    @_lifetime(copy type)
    private static func headerSize(in type: Span<UInt8>) -> Span<UInt8>? {
        // Nearly all requests say application/json: taking the header apart would cost them 1,000
        // instructions.
        let prefix = "application/vnd." as StaticString
        let length = prefix.utf8CodeUnitCount
        guard type.count > length, type.extracting(0..<length).equalsIgnoringCase(prefix) else { return nil }
        let media = MediaType(type)
        guard
            media.essence == "application/vnd.sagemaker-triton.binary+json"
                || media.essence == "application/vnd.vertex-ai-triton.binary+json"
        else { return nil }
        guard let range = media.parameterRange("json-header-size") else { return nil }
        return type.extracting(range)
    }

    private static func length(
        _ value: Span<UInt8>, of name: String, _ total: Int
    ) throws(PredictError) -> Int {
        var length = 0
        for position in value.indices {
            let digit = value[position] &- UInt8(ascii: "0")
            // More digits than a body can have bytes; also keeps the sum from overflowing.
            guard digit < 10, position < 15 else { throw unparsable(value, name) }
            length = length * 10 + Int(digit)
        }
        guard !value.isEmpty else { throw unparsable(value, name) }
        guard length <= total, length > 0 || total > 0 else {
            throw .invalidField(
                name, reason: "inference header size should be in range (0, \(total)), got: \(length)")
        }
        return length
    }

    private static func unparsable(_ value: Span<UInt8>, _ name: String) -> PredictError {
        .invalidField(name, reason: "Unable to parse \(name), got: \(String(copying: value))")
    }
}
