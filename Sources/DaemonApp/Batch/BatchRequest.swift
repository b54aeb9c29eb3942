// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

/// What a batch request asks for, out of its head: docs/protocols/batch.md.
struct BatchRequest: Sendable {
    var options = BatchOptions()
    /// False: the first character of the body tells.
    var isInputKnown = false
    /// False: the answers have the format of the records.
    var isOutputKnown = false
    /// The form that the file comes in; nil when the body is the file.
    var boundary: String?
    /// A last record of JSON Lines says how many records there were.
    var writesSummary = false
    /// Answers go out while the records come (`Prefer: respond-streaming`).
    var isStreamed: Bool { options.isStreamed }

    /// Why a head asks for nothing that there is.
    struct Refusal: Error, Equatable {
        var status: Status
        var message: String
        /// A stable name for programs.
        var code: String
        /// The bad record that it is about.
        var record: RecordError?

        init(status: Status, message: String, code: String = "failed") {
            self.status = status
            self.message = message
            self.code = code
        }

        init(_ error: PredictError) {
            var status = Status.notFound
            if case .notReady = error { status = .serviceUnavailable }
            if case .notLoaded = error { status = .serviceUnavailable }
            self.init(status: status, message: error.description)
        }

        init(_ error: BatchError) {
            message = error.description
            code = error.code
            if case .badRecord(let error) = error { record = error }
            switch error {
            case .header, .columns, .unknownOutput, .unwritableOutput, .takesTensors, .ambiguousName,
                .notNumbers, .withheldFeature, .badRecord:
                status = .badRequest
            case .recordTooLong: status = .contentTooLarge
            case .notAnswered: status = .internalServerError
            }
        }
    }

    /// - Parameter isJob: the answer is no stream then, whatever the client prefers.
    init(_ request: borrowing Request, isJob: Bool) throws(Refusal) {
        try readContentType(Self.text(request.header("Content-Type")))
        try readAccept(Self.text(request.header("Accept")))
        if let name = request.queryValue("format") {
            options.input = try Self.format(name, "format", of: BatchOptions.Format.inputs)
            isInputKnown = true
        }
        if let name = request.queryValue("to") {
            options.output = try Self.format(name, "to", of: BatchOptions.Format.allCases)
            isOutputKnown = true
        }
        options.outputs = Self.names(request.queryValue("outputs"))
        options.kept = Self.names(request.queryValue("keep"))
        options.vertex.key = request.queryValue("key_field")
        options.vertex.included = Self.names(request.queryValue("included_fields"))
        options.vertex.excluded = Self.names(request.queryValue("excluded_fields"))
        options.isStreamed = !isJob && Self.prefersStreaming(Self.text(request.header("Prefer")))
        if let text = request.queryValue("delimiter") {
            guard let byte = text.utf8.first, text.utf8.count == 1, Array(",;|:\t".utf8).contains(byte) else {
                throw Refusal(status: .badRequest, message: "delimiter is one of , ; | : and a tab (%09)")
            }
            options.csv.delimiter = byte
        }
        if let text = request.queryValue("header") {
            options.hasHeader = try Self.choice(text, "header", no: "absent", yes: "present")
        }
        if let text = request.queryValue("on_error") {
            options.stopsAtBadRecord = try Self.choice(text, "on_error", no: "record", yes: "stop")
        }
        if let text = request.queryValue("summary") {
            writesSummary = try Self.choice(text, "summary", no: "false", yes: "true")
        }
    }

    /// The type of the body, or of the file in a form.
    mutating func readFileType(_ type: String) {
        guard !isInputKnown else { return }
        switch type {
        case "text/csv": options.input = .csv
        case "application/jsonlines", "application/x-ndjson", "application/jsonl", "application/x-jsonlines":
            options.input = .jsonLines
        default: return
        }
        isInputKnown = true
    }

    private static let sniffedBytesMax = 1 << 16

    /// Decides by the first character of the records, when nothing else has; false when more is needed.
    mutating func sniff(_ buffer: borrowing ByteBuffer, isAtEnd: Bool) -> Bool {
        let bytes = buffer.bytes
        if !isInputKnown {
            var first: UInt8?
            for index in bytes.indices where first == nil {
                let byte = bytes[index]
                // White space and a byte order mark.
                if ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains(byte) { first = byte }
            }
            // So much white space is no JSON that anybody would send.
            guard first != nil || isAtEnd || bytes.count > Self.sniffedBytesMax else { return false }
            let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
            options.input = isJSON ? .jsonLines : .csv
            isInputKnown = true
        }
        if !isOutputKnown { options.output = options.input }
        return true
    }

    private mutating func readContentType(_ text: String) throws(Refusal) {
        let parts = text.split(separator: ";").map { $0.withoutBlanks.lowercased() }
        guard let media = parts.first else { return }
        readFileType(media)
        if isInputKnown {
            if parts.contains("header=absent") { options.hasHeader = false }
            return
        }
        switch media {
        case "multipart/form-data":
            guard let boundary = MultipartReader.boundary(of: text) else {
                throw Refusal(status: .badRequest, message: "multipart/form-data without a boundary")
            }
            self.boundary = boundary
        // What clients say that do not know: the first character decides.
        case "application/octet-stream", "application/x-www-form-urlencoded", "text/plain": return
        default:
            throw Refusal(
                status: .unsupportedMediaType,
                message: "\(media) is not read here; send text/csv or application/jsonlines")
        }
    }

    private mutating func readAccept(_ text: String) throws(Refusal) {
        if text.isEmpty { return }
        for part in text.split(separator: ",") {
            switch (part.split(separator: ";").first ?? "").withoutBlanks.lowercased() {
            case "*/*", "": return
            case "text/csv": options.output = .csv
            case "application/jsonlines", "application/x-ndjson", "application/jsonl",
                "application/x-jsonlines":
                options.output = .jsonLines
            default: continue
            }
            isOutputKnown = true
            return
        }
        // A browser's form names what pages are made of, and takes any file.
        if text.contains("text/html") { return }
        throw Refusal(
            status: .notAcceptable, message: "answers are text/csv or application/jsonlines")
    }

    private static func format(
        _ name: String, _ parameter: String, of formats: [BatchOptions.Format]
    ) throws(Refusal) -> BatchOptions.Format {
        guard let format = formats.first(where: { $0.rawValue == name }) else {
            let known = formats.map(\.rawValue).joined(separator: ", ")
            throw Refusal(
                status: .badRequest, message: "\(parameter) is one of \(known), not \"\(name)\"")
        }
        return format
    }

    /// The preference of RFC 7240 that Vertex AI and others know by this name.
    private static func prefersStreaming(_ text: String) -> Bool {
        text.split(separator: ",").contains { part in
            (part.split(separator: ";").first ?? "").withoutBlanks.lowercased() == "respond-streaming"
        }
    }

    private static func choice(
        _ text: String, _ parameter: String, no: String, yes: String
    ) throws(Refusal) -> Bool {
        if text == yes { return true }
        if text == no { return false }
        throw Refusal(status: .badRequest, message: "\(parameter) is \(no) or \(yes), not \"\(text)\"")
    }

    private static func names(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { String($0) }
    }

    /// A header that is missing, or is no text, says nothing.
    static func text(_ header: Span<UInt8>?) -> String {
        guard let header else { return "" }
        return String(validating: header) ?? ""
    }
}
