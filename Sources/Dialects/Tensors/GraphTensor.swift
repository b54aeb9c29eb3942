// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Reads the elements of one tensor for an operator graph: nested arrays of any depth, whose shape is found
/// on the way, or bytes.
struct GraphTensor {
    let name: String
    /// The type of the elements as they are read: the request's, or where it names none the model's.
    let datatype: Datatype
    private(set) var values: TensorValues
    /// Sizes found so far, outermost first; -1 where no array of that depth has ended.
    private var sizes: [Int] = []
    private var depth: Int?
    /// A text may come as `{"b64": "…"}`.
    private let takesBase64: Bool
    /// The row that is being read, where the caller counts them.
    private var elementRow: Int?

    static let depthMax = 8

    init(name: String, datatype: Datatype, takesBase64: Bool = false) {
        self.name = name
        self.datatype = datatype
        self.takesBase64 = takesBase64
        values = TensorValues(for: datatype)
    }

    /// The shape of what was read.
    var shape: [Int] { sizes.map { max($0, 0) } }

    // MARK: JSON

    /// Reads the next value: a scalar, or arrays of equal lengths of them.
    ///
    /// - Throws: `JSONError`, `wrongValue`, `wrongElementCount`.
    mutating func read(from reader: inout JSONReader) throws { try read(from: &reader, at: 0) }

    /// Reads one more value of the shape of those before, that of the row `row`, to stand behind them.
    mutating func readAnother(from reader: inout JSONReader, row: Int) throws {
        elementRow = row
        try read(from: &reader, at: 0)
    }

    private mutating func read(from reader: inout JSONReader, at level: Int) throws {
        guard try reader.peek() == .array else {
            guard depth == nil || depth == level else { throw uneven() }
            depth = level
            return try readScalar(&reader)
        }
        guard level < Self.depthMax, depth.map({ level < $0 }) ?? true else { throw uneven() }
        if sizes.count == level { sizes.append(-1) }
        var count = 0
        try reader.beginArray()
        while try reader.nextElement() {
            try read(from: &reader, at: level + 1)
            count += 1
        }
        if sizes[level] < 0 { sizes[level] = count }
        guard sizes[level] == count else { throw uneven() }
    }

    /// Reads one more element of the row `row`; the caller knows the shape.
    ///
    /// - Throws: `JSONError`, `wrongValue`.
    mutating func readElement(from reader: inout JSONReader, row: Int) throws {
        elementRow = row
        try readScalar(&reader)
    }

    /// Likewise, from the cell of a table; an empty one is NaN.
    mutating func readElement(_ text: Span<UInt8>, options: CSVOptions, row: Int) throws(PredictError) {
        elementRow = row
        let number = options.isMissing(text) ? Double.nan : parseDouble(trimmed(text))
        let all = values
        values = .flags([])
        switch all {
        case .floats(var list):
            guard let number else { throw notANumber(text) }
            list.append(Float(number))
            values = .floats(list)
        case .doubles(var list):
            guard let number else { throw notANumber(text) }
            list.append(number)
            values = .doubles(list)
        case .integers(var list):
            guard let number, let whole = Int64(exactly: number), datatype.holds(whole) else {
                throw wrong("expected a whole number, got '\(shown(text))'")
            }
            list.append(whole)
            values = .integers(list)
        case .unsigned(var list):
            guard let number, let whole = UInt64(exactly: number) else {
                throw wrong("expected a whole number, got '\(shown(text))'")
            }
            list.append(whole)
            values = .unsigned(list)
        case .flags(var list):
            switch shown(text).lowercased() {
            case "true", "1": list.append(true)
            case "false", "0": list.append(false)
            default: throw wrong("expected true or false, got '\(shown(text))'")
            }
            values = .flags(list)
        case .texts(var list):
            guard let name = String(validating: text) else { throw wrong("the text is not valid UTF-8") }
            list.append(name)
            values = .texts(list)
        }
    }

    private func notANumber(_ text: Span<UInt8>) -> PredictError {
        wrong("expected a number, got '\(shown(text))'")
    }

    private func shown(_ text: Span<UInt8>) -> String {
        String(copying: text.extracting(0..<min(text.count, 40)))
    }

    private func uneven() -> PredictError { wrong("arrays of different lengths or depths") }

    private mutating func readScalar(_ reader: inout JSONReader) throws {
        let token = try reader.peek()
        switch values {
        case .floats(var list):
            values = .flags([])
            list.append(Float(try readNumber(&reader, token)))
            values = .floats(list)
        case .doubles(var list):
            values = .flags([])
            list.append(try readNumber(&reader, token))
            values = .doubles(list)
        case .integers(var list):
            values = .flags([])
            list.append(try readInteger(&reader, token))
            values = .integers(list)
        case .unsigned(var list):
            guard token == .number else { throw wrong("expected a whole number, got \(token.name)") }
            values = .flags([])
            do {
                list.append(try reader.readUInt64())
            } catch {
                throw notWhole(error)
            }
            values = .unsigned(list)
        case .flags(var list):
            guard token == .bool else { throw wrong("expected true or false, got \(token.name)") }
            values = .flags([])
            list.append(try reader.readBool())
            values = .flags(list)
        case .texts(var list):
            values = .flags([])
            list.append(try readText(&reader, token))
            values = .texts(list)
        }
    }

    private func readText(_ reader: inout JSONReader, _ token: JSONToken) throws -> String {
        if token == .object, takesBase64 {
            guard let text = try EncodedText.read(from: &reader) else { throw wrong(EncodedText.expected) }
            return text
        }
        guard token == .string else { throw wrong("expected a string, got \(token.name)") }
        return try reader.readString()
    }

    /// Appends a text that its caller has read, in place of the next value.
    mutating func append(_ text: String, row: Int) throws(PredictError) {
        elementRow = row
        guard case .texts(var list) = values, depth == nil || depth == 0 else { throw uneven() }
        depth = 0
        values = .flags([])
        list.append(text)
        values = .texts(list)
    }

    /// `null` is NaN.
    private func readNumber(_ reader: inout JSONReader, _ token: JSONToken) throws -> Double {
        switch token {
        case .number:
            let value = try reader.readDouble()
            guard datatype != .float32 || Float(value).isFinite || !value.isFinite else {
                throw wrong("\(value) does not fit FP32")
            }
            return value
        case .null:
            try reader.readNull()
            return .nan
        case .bool: return try reader.readBool() ? 1 : 0
        default: throw wrong("expected a number or null, got \(token.name)")
        }
    }

    private func readInteger(_ reader: inout JSONReader, _ token: JSONToken) throws -> Int64 {
        if token == .bool { return try reader.readBool() ? 1 : 0 }
        guard token == .number else { throw wrong("expected a whole number, got \(token.name)") }
        let value: Int64
        do {
            value = try reader.readInt64()
        } catch {
            throw notWhole(error)
        }
        guard datatype.holds(value) else { throw wrong("\(value) does not fit \(datatype.rawValue)") }
        return value
    }

    private func notWhole(_ error: JSONError) -> any Error {
        guard error.reason == .notAWholeNumber else { return error }
        return wrong("expected a whole number that fits \(datatype.rawValue)")
    }

    private func wrong(_ reason: String) -> PredictError {
        if let elementRow { return .wrongValue(input: name, row: elementRow, reason: reason) }
        let width = sizes.dropFirst().filter { $0 > 0 }.reduce(1, *)
        return .wrongValue(input: name, row: values.count / max(width, 1), reason: reason)
    }

    // MARK: Bytes

    /// Reads `count` elements, little-endian, texts with a 32-bit length before them.
    mutating func read(_ bytes: Span<UInt8>, count: Int) throws(PredictError) {
        guard let width = datatype.byteWidth else { return try readTexts(bytes, count: count) }
        guard bytes.count == count * width else {
            throw .wrongElementCount(
                input: name, expected: count, given: "\(bytes.count) bytes of \(datatype.rawValue)")
        }
        func bits(_ index: Int) -> UInt64 {
            var bits: UInt64 = 0
            for position in 0..<width {
                bits |= UInt64(bytes[index * width + position]) << UInt64(8 * position)
            }
            return bits
        }
        switch datatype {
        case .float32: values = .floats(Array(littleEndian: bytes, as: Float.self))
        case .float64: values = .doubles(Array(littleEndian: bytes, as: Double.self))
        case .float16, .bfloat16: values = .floats((0..<count).map { Float(datatype.number(bits: bits($0))) })
        case .bool: values = .flags((0..<count).map { bits($0) != 0 })
        case .uint64: values = .unsigned((0..<count).map(bits))
        case .int8, .int16, .int32, .int64:
            let shift = UInt64(64 - 8 * width)
            values = .integers((0..<count).map { Int64(bitPattern: bits($0) << shift) >> Int64(shift) })
        default: values = .integers((0..<count).map { Int64(bits($0)) })
        }
    }

    private mutating func readTexts(_ bytes: Span<UInt8>, count: Int) throws(PredictError) {
        var texts: [String] = []
        var offset = 0
        for row in 0..<count {
            var length = 0
            guard bytes.count - offset >= 4 else { throw truncated(count, row) }
            for position in 0..<4 { length |= Int(bytes[offset + position]) << (8 * position) }
            offset += 4
            guard bytes.count - offset >= length else { throw truncated(count, row) }
            guard let text = String(validating: bytes.extracting(offset..<offset + length)) else {
                throw .wrongValue(input: name, row: row, reason: "the text is not valid UTF-8")
            }
            texts.append(text)
            offset += length
        }
        guard offset == bytes.count else {
            throw .wrongElementCount(
                input: name, expected: count, given: "\(bytes.count - offset) bytes more")
        }
        values = .texts(texts)
    }

    private func truncated(_ count: Int, _ row: Int) -> PredictError {
        .wrongElementCount(input: name, expected: count, given: "only \(row) whole elements")
    }
}
