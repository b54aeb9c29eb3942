// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

/// What TensorFlow Serving says in a case. Its clients look for these words, so they stand first, and ours,
/// which name the field and the row, behind them; docs/protocols/v1.md lists them.
struct ServingWords {
    /// Where reading stopped, for words that quote what is there.
    struct Stop {
        /// The list that was being read; nil before there was one.
        var list: InstancesList?
        /// Bytes of the body before the value.
        var offset: Int?
    }

    /// What was wrong with the request's body; nil: it was not read, or its error speaks for itself.
    private var ofBody: String?

    /// An error that came before the body was read.
    init() {}

    /// An error of reading `body`.
    init(_ error: any Error, in body: Span<UInt8>, at stop: Stop, _ model: ServedModel) {
        switch error {
        case let error as JSONError: ofBody = Self.words(error, body)
        case let error as PredictError: ofBody = Self.words(error, body, stop, model)
        default: break
        }
    }

    /// The whole message.
    func message(_ error: PredictError) -> String {
        switch error {
        // Nothing of ours would add to these.
        case .unknownModel(let model): "Servable not found for request: Latest(\(model))"
        case .unknownVersion(let model, let version):
            "Servable not found for request: Specific(\(model), \(version))"
        case .unknownAlias(_, let alias): "Unrecognized servable version label: \(alias)"
        case .tooManyRequests, .overloaded:
            "The batch scheduling queue to which this task was submitted is full; \(error)"
        default: ofBody.map { "\($0); \(error)" } ?? error.description
        }
    }

    /// The same for `GET /v1/models/M`, which looks for versions and not for a servable.
    static func statusMessage(_ error: PredictError) -> String {
        switch error {
        case .unknownModel(let model): "Could not find any versions of model \(model)"
        case .unknownVersion(let model, let version): "Could not find version \(version) of model \(model)"
        default: ServingWords().message(error)
        }
    }

    /// An alias that is not there is an invalid argument to TensorFlow Serving, and a full queue is an
    /// unavailable server.
    static func status(_ error: PredictError) -> Status {
        switch error {
        case .unknownAlias: .badRequest
        case .tooManyRequests: .serviceUnavailable
        default: error.status
        }
    }

    // MARK: Text that is not the JSON that was asked for

    private static func words(_ error: JSONError, _ body: Span<UInt8>) -> String? {
        if body.isEmpty { return "JSON Parse error: The document is empty" }
        if let defect = parseDefect(error.reason) {
            return "JSON Parse error: \(defect) at offset: \(error.offset)"
        }
        guard case .wrongType(let expected, _) = error.reason else { return nil }
        let value = "JSON Value: \(quote(body, at: error.offset))"
        switch (error.path(in: body), expected) {
        case ("", .object): return value + " Is not object"
        case ("instances", .array): return value + " Excepting 'instances' to be an list/array"
        case ("examples", .array): return value + " Expecting 'examples' value to be an list/array"
        case ("signature_name", _):
            return value + " not formatted correctly. 'signature_name' key must be a string value."
        case (let path, .object) where path.hasPrefix("examples[") || path == "context":
            return "Example must be JSON object but got JSON \(kind(body, at: error.offset))"
        default: return value + " Type: \(kind(body, at: error.offset)) is not of expected type"
        }
    }

    /// RapidJSON's words, which TensorFlow Serving passes on; nil: the text is JSON.
    private static func parseDefect(_ reason: JSONError.Reason) -> StaticString? {
        switch reason {
        case .unexpectedEnd, .malformedNumber: "Invalid value."
        case .unexpectedByte(.key): "Missing a name for object member."
        case .unexpectedByte(.colon): "Missing a colon after a name of object member."
        case .unexpectedByte(.commaOrBracket): "Missing a comma or ] after an array element."
        case .unexpectedByte(.commaOrBrace): "Missing a comma or } after an object member."
        case .unexpectedByte(.value), .unexpectedByte(.valueAfterComma), .unexpectedByte(.bool),
            .unexpectedByte(.null):
            "Invalid value."
        case .numberOutOfRange: "Number too big to be stored in double."
        case .controlCharacter, .malformedUTF8: "Invalid encoding in string."
        case .malformedEscape: "Invalid escape character in string."
        case .loneSurrogate: "The surrogate pair in string is invalid."
        case .tooDeep: "Terminate parsing due to Handler error."
        case .trailingBytes: "The document root must not be followed by other values."
        case .wrongType, .notAWholeNumber, .duplicateKey: nil
        }
    }

    // MARK: Values that are not those that were asked for

    private static func words(
        _ error: PredictError, _ body: Span<UInt8>, _ stop: Stop, _ model: ServedModel
    ) -> String? {
        switch error {
        case .wrongValue(let input, let row, let reason):
            if reason == EncodedText.expected {
                return inElement(row, stop, "JSON Value not formatted correctly for base64 data")
            }
            // A value that was read already is of its type, and wrong otherwise.
            guard let offset = stop.offset, isValue(body, at: offset) else { return nil }
            let value = "JSON Value: \(quote(body, at: offset)) Type: \(kind(body, at: offset))"
            return inElement(row, stop, "\(value) is not of expected type: \(typeName(input, model))")
        case .wrongElementCount(let place, let expected, let given):
            let defect = "Expecting tensor size: \(expected) but got: \(given)"
            return inElement(element(place), stop, defect)
        case .missingInputs(let names, _, let row):
            if let row {
                return
                    "Failed to process element: \(row) of 'instances' list. JSON object keys must be equal "
                    + "to: \(inputNames(model).prefix(8).joined(separator: ","))"
            }
            return names.first.map { "Missing named input: \($0) in 'inputs' object." }
        case .unexpectedInput(let name, _, _, let row?):
            return "Failed to process element: \(row) key: \(name) of 'instances' list. "
                + "Error: INVALID_ARGUMENT: JSON object: does not have named input: \(name)"
        case .unexpectedInput(let name, _, _, nil): return "JSON object: does not have named input: \(name)"
        case .invalidField("instances", InstancesRequestReader.isEmpty):
            return "No values in 'instances' array"
        case .invalidField("examples", InstancesRequestReader.isEmpty):
            return "'examples' value is an empty array"
        case .invalidField(_, InstancesRequestReader.isTwofold):
            return "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
        case .missingField("examples"):
            return "When method is classify, key 'examples' is expected and was not found"
        default: return nil
        }
    }

    private static func inElement(_ row: Int?, _ stop: Stop, _ defect: String) -> String {
        guard stop.list == .rows, let row else { return defect }
        return "Failed to process element: \(row) of 'instances' list. Error: INVALID_ARGUMENT: \(defect)"
    }

    /// The row of a place such as `instances[3]`.
    private static func element(_ place: String) -> Int? {
        guard place.hasPrefix("instances["), let end = place.firstIndex(of: "]") else { return nil }
        return Int(place.dropFirst("instances[".count)[..<end])
    }

    private static func inputNames(_ model: ServedModel) -> [String] {
        model.tensorInputs.map { $0.map(\.name) } ?? model.schema.features.map(\.name)
    }

    /// TensorFlow's name of what an input takes.
    private static func typeName(_ input: String, _ model: ServedModel) -> String {
        let number = Datatype(rawValue: model.inputType.rawValue) ?? .float64
        var datatype = number
        if let specification = model.tensorInputs?.first(where: { $0.name == input }) {
            datatype = specification.datatype
        } else if let column = model.index.column(named: input),
            model.schema.features[column].kind != .numeric
        {
            datatype = .bytes
        }
        // Without the prefix of the enumeration: DT_FLOAT is written "float".
        return "\(SignatureMetadataWriter.tensorFlowType(datatype))".dropFirst(3).lowercased()
    }

    /// The JSON value at `offset`, cut when it is long.
    private static func quote(_ body: Span<UInt8>, at offset: Int) -> String {
        let start = min(max(offset, 0), body.count)
        var reader = JSONReader(body, options: .allowsNonFinite, startingAt: start)
        let end = (try? reader.skipValue())?.upperBound ?? body.count
        let shown = body.extracting(start..<min(end, start + 64))
        return String(copying: shown) + (end > start + 64 ? "…" : "")
    }

    /// Whether a value begins there.
    private static func isValue(_ body: Span<UInt8>, at offset: Int) -> Bool {
        var reader = JSONReader(body, options: .allowsNonFinite, startingAt: min(max(offset, 0), body.count))
        guard let token = try? reader.peek() else { return false }
        return token != .end
    }

    /// RapidJSON's name of the kind of the value at `offset`.
    private static func kind(_ body: Span<UInt8>, at offset: Int) -> String {
        guard offset < body.count else { return "Null" }
        return switch body[offset] {
        case UInt8(ascii: "{"): "Object"
        case UInt8(ascii: "["): "Array"
        case UInt8(ascii: "\""): "String"
        case UInt8(ascii: "t"): "True"
        case UInt8(ascii: "f"): "False"
        case UInt8(ascii: "n"): "Null"
        default: "Number"
        }
    }
}
