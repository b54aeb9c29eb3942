// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving

/// A V2 inference request: JSON, then the bytes of its binary tensors; or the bytes of one tensor alone.
struct InferForm: PredictionForm {
    private var jsonLength = 0
    private var request = InferRequest()
    private let known: KnownTensorHeader?

    /// Looking for the scheduling parameters ahead costs a pass over the JSON, on the event loop.
    private static let scannedBytesMax = 32_768

    /// - Parameter known: how the tensor of an earlier request of this thread began.
    init(known: KnownTensorHeader? = nil) { self.known = known }

    mutating func begin(_ request: borrowing Request, _ model: ServedModel) throws(PredictError) -> BodySize {
        jsonLength = try InferHeaderLength.read(request)
        return BodySize(text: jsonLength, binary: request.body.count - jsonLength)
    }

    func demand(_ body: Span<UInt8>, _ model: ServedModel, _ size: BodySize, cost: UInt64) -> WorkDemand {
        var demand = model.demand(
            cost: cost, rows: model.estimatedRows(jsonSize: size.text, binarySize: size.binary))
        guard (1...Self.scannedBytesMax).contains(jsonLength) else { return demand }
        let parameters = SchedulingParameters(lookingInto: body.extracting(0..<jsonLength))
        demand.priority = parameters.priority
        if parameters.timeout > 0 { demand.timeout = parameters.timeout &* 1000 }
        return demand
    }

    mutating func read(_ body: Span<UInt8>, _ model: ServedModel, into workspace: Workspace) throws {
        var reader = InferRequestReader(model: model, known: known)
        if jsonLength == 0 && !body.isEmpty {
            try reader.readRaw(body, into: workspace)
            request.wantsBinaryOutput = true
        } else {
            request = try reader.read(
                body.extracting(0..<jsonLength), binary: body.extracting(jsonLength..<body.count),
                into: workspace)
        }
    }

    var timeout: UInt64 { request.scheduling.timeout }

    func extraCost(_ model: ServedModel, _ workspace: Workspace) -> UInt64 {
        request.explanationCost(model, workspace)
    }

    /// Triton says 503 where others say 429.
    func fail(_ error: PredictError, _ response: inout Response) {
        if case .tooManyRequests = error { return response.fail(error, as: .serviceUnavailable) }
        response.fail(error)
    }

    func write(
        _ workspace: Workspace, _ model: ServedModel, into response: inout Response
    ) throws(PredictError) {
        let writer = InferResponseWriter(model: model, request: request)
        if let length = try writer.write(workspace, into: &response.body) {
            response.contentType = .octetStream
            response.addHeader("Inference-Header-Content-Length", "\(length)")
        }
    }
}

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

/// `priority` and `timeout` of a V2 request (schedule policy extension).
struct SchedulingParameters {
    /// 1 goes first; 0: the default.
    var priority = 0
    /// Microseconds that the request may wait; 0: any time.
    var timeout: UInt64 = 0

    init() {}

    /// Looks for them in the request's JSON; what cannot be read is for the reader to complain of.
    init(lookingInto json: Span<UInt8>) {
        guard Self.mayBe(in: json) else { return }
        var reader = JSONReader(json)
        do {
            try reader.beginObject()
            while let key = try reader.nextKeyText() {
                guard reader.matches(key, "parameters"), try reader.peek() == .object else {
                    try reader.skipValue()
                    continue
                }
                try reader.beginObject()
                while let name = try reader.nextKeyText() {
                    if reader.matches(name, "priority") {
                        priority = Int(clamping: try reader.readUInt64())
                    } else if reader.matches(name, "timeout") {
                        timeout = try reader.readUInt64()
                    } else {
                        try reader.skipValue()
                    }
                }
                return
            }
        } catch { return }
    }

    /// Whether a key of the JSON may be `parameters`: some text begins with its first letter, or with an
    /// escape.
    ///
    /// Nearly no request has them, and most of its bytes are numbers: eight bytes at a time are looked at,
    /// which takes a tenth of the time that it takes to read over the values.
    private static func mayBe(in json: Span<UInt8>) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = ones &* UInt64(UInt8(ascii: "\""))
        // Safe because the view is only read below, nine bytes at a time where as many are left.
        let raw = unsafe json.bytes
        var index = 0
        while json.count &- index >= 9 {
            // Safe because nine bytes were just seen to be there, and every bit pattern is a UInt64.
            let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            let next = unsafe raw.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index &+ 1, as: UInt64.self)
            let beginsAsKey = (word ^ quotes) | (next ^ ones &* UInt64(UInt8(ascii: "p")))
            let escapes = next ^ ones &* UInt64(UInt8(ascii: "\\"))
            // The top bit of a byte is set where it was zero; a borrow may set further ones behind it.
            let found = ((beginsAsKey &- ones) & ~beginsAsKey) | ((escapes &- ones) & ~escapes)
            if found & (ones &* 0x80) != 0 { return true }
            index &+= 8
        }
        // Shorter than the key, its quotes and an empty object.
        return false
    }
}
