// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// What a job is to do, fixed when it is accepted: `job.json` (docs/reference/batch-jobs.md).
struct JobDescription: Sendable, Equatable {
    /// A stretch of the input that begins with a record and ends with one.
    struct Range: Sendable, Equatable {
        var start: Int
        var end: Int
        /// The line that it begins on.
        var line: Int
    }

    /// Where in the input the first record begins.
    struct Start: Sendable, Equatable {
        var position: Int
        var line: Int
    }

    var id: String
    var model: String
    var version: String
    /// SHA-256 of the model file.
    var digest: String
    /// A file of the operator's; nil: `input` in the job's directory.
    var inputPath: String?
    var inputSize: Int
    /// Nanoseconds since the epoch, of `inputPath`.
    var inputModified: Int
    /// The columns of CSV; nil for JSON Lines, and when the features are meant.
    var names: [String]?
    /// Nil until they are found, which for an operator's file is not when the job is accepted.
    var ranges: [Range]?
    /// Where they begin, and about how many bytes each has; for whoever finds them.
    var start = Start(position: 0, line: 1)
    var rangeBytes = 1
    var options: BatchOptions
    /// Seconds since the epoch.
    var created: Int
    /// Whose key it was asked with; nil: none was needed.
    var creator: String?

    static let formatVersion: Int64 = 1

    var document: JSONValue {
        var object = JSONObject()
        object["format"] = .integer(Self.formatVersion)
        object["id"] = .string(id)
        object["model"] = .string(model)
        object["version"] = .string(version)
        object["digest"] = .string(digest)
        object["input_path"] = inputPath.map { .string($0) } ?? .null
        object["input_size"] = .integer(Int64(inputSize))
        object["input_modified"] = .integer(Int64(inputModified))
        object["names"] = names.map { .array($0.map { .string($0) }) } ?? .null
        object["ranges"] = ranges.map(Self.document) ?? .null
        if ranges == nil {
            object["start"] = .array([.integer(Int64(start.position)), .integer(Int64(start.line))])
            object["range_bytes"] = .integer(Int64(rangeBytes))
        }
        object["input_format"] = .string(options.input.rawValue)
        object["output_format"] = .string(options.output.rawValue)
        object["delimiter"] = .integer(Int64(options.csv.delimiter))
        object["outputs"] = .array(options.outputs.map { .string($0) })
        object["keep"] = .array(options.kept.map { .string($0) })
        if options.output == .vertex {
            object["key_field"] = options.vertex.key.map { .string($0) } ?? .null
            object["included_fields"] = .array(options.vertex.included.map { .string($0) })
            object["excluded_fields"] = .array(options.vertex.excluded.map { .string($0) })
        }
        object["stops_at_bad_record"] = .bool(options.stopsAtBadRecord)
        object["created"] = .integer(Int64(created))
        if let creator { object["created_by"] = .string(creator) }
        return .object(object)
    }

    /// Nil when the document is none of this version.
    init?(_ document: JSONValue) {
        func text(_ name: String) -> String? { document[name]?.string }
        func number(_ name: String) -> Int? { document[name]?.integer.flatMap { Int(exactly: $0) } }
        func texts(_ name: String) -> [String]? {
            guard let values = document[name]?.array else { return nil }
            let found = values.compactMap(\.string)
            return found.count == values.count ? found : nil
        }
        guard document["format"]?.integer == Self.formatVersion, let id = text("id"),
            let model = text("model"), let version = text("version"), let digest = text("digest"),
            let inputSize = number("input_size"), let inputModified = number("input_modified"),
            let input = text("input_format").flatMap(BatchOptions.Format.init(rawValue:)),
            let output = text("output_format").flatMap(BatchOptions.Format.init(rawValue:)),
            let delimiter = number("delimiter").flatMap({ UInt8(exactly: $0) }),
            let outputs = texts("outputs"), let kept = texts("keep"),
            let stops = document["stops_at_bad_record"]?.bool, let created = number("created")
        else { return nil }
        self.id = id
        self.model = model
        self.version = version
        self.digest = digest
        inputPath = text("input_path")
        self.inputSize = inputSize
        self.inputModified = inputModified
        names = texts("names")
        if document["ranges"] == .null {
            guard let numbers = document["start"]?.array?.compactMap(\.integer), numbers.count == 2,
                let bytes = number("range_bytes"), bytes > 0
            else { return nil }
            start = Start(position: Int(numbers[0]), line: Int(numbers[1]))
            rangeBytes = bytes
        } else {
            guard let ranges = Self.ranges(document["ranges"]) else { return nil }
            self.ranges = ranges
        }
        options = BatchOptions()
        options.input = input
        options.hasHeader = input != .csv || names != nil
        options.output = output
        options.csv.delimiter = delimiter
        options.outputs = outputs
        options.kept = kept
        options.stopsAtBadRecord = stops
        if output == .vertex {
            options.vertex.key = text("key_field")
            options.vertex.included = texts("included_fields") ?? []
            options.vertex.excluded = texts("excluded_fields") ?? []
        }
        self.created = created
        creator = text("created_by")
    }

    init(
        id: String, model: String, version: String, digest: String, inputPath: String?, inputSize: Int,
        inputModified: Int, names: [String]?, ranges: [Range]?, options: BatchOptions,
        created: Int, creator: String? = nil
    ) {
        self.creator = creator
        self.id = id
        self.model = model
        self.version = version
        self.digest = digest
        self.inputPath = inputPath
        self.inputSize = inputSize
        self.inputModified = inputModified
        self.names = names
        self.ranges = ranges
        self.options = options
        self.created = created
    }

    /// `[[start, end, line], …]`.
    static func document(_ ranges: [Range]) -> JSONValue {
        .array(
            ranges.map { range in
                .array([
                    .integer(Int64(range.start)), .integer(Int64(range.end)), .integer(Int64(range.line)),
                ])
            })
    }

    static func ranges(_ document: JSONValue?) -> [Range]? {
        guard let array = document?.array else { return nil }
        var ranges: [Range] = []
        for range in array {
            guard let numbers = range.array?.compactMap(\.integer), numbers.count == 3 else { return nil }
            ranges.append(Range(start: Int(numbers[0]), end: Int(numbers[1]), line: Int(numbers[2])))
        }
        return ranges
    }
}
