// SPDX-License-Identifier: Apache-2.0
import Base

/// Reads one protobuf message field by field, in the order of its bytes.
///
/// Every length is compared with the bytes that remain before it is used; groups, which no ONNX file has, are
/// refused. Nothing is copied: a nested message is a reader over a part of the same bytes.
struct ProtobufReader: ~Copyable, ~Escapable {
    /// A field's number and how its value is encoded.
    struct Field {
        var number: Int
        var wire: Wire
    }

    enum Wire: UInt8 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    private let bytes: Span<UInt8>
    private var offset = 0
    /// The message's name, for errors.
    private let part: String

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, part: String) {
        self.bytes = bytes
        self.part = part
    }

    /// The next field's key, nil at the end of the message.
    mutating func nextField() throws(FormatError) -> Field? {
        if offset == bytes.count { return nil }
        let key = try readVarint()
        guard let wire = Wire(rawValue: UInt8(key & 7)), key >> 3 > 0, key >> 3 < 1 << 29 else {
            throw .invalidValue(part: part, reason: "byte \(offset) holds no protobuf key that ONNX uses")
        }
        return Field(number: Int(key >> 3), wire: wire)
    }

    mutating func readVarint() throws(FormatError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if shift == 63 && byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { break }
        }
        if offset == bytes.count && shift <= 63 {
            throw .truncated(part: part, needed: UInt64(offset) + 1, available: bytes.count)
        }
        throw .invalidValue(part: part, reason: "a number before byte \(offset) has more than 64 bits")
    }

    mutating func readFixed32() throws(FormatError) -> UInt32 {
        try require(4)
        var value: UInt32 = 0
        for position in 0..<4 { value |= UInt32(bytes[offset + position]) << UInt32(8 * position) }
        offset += 4
        return value
    }

    mutating func readFixed64() throws(FormatError) -> UInt64 {
        try require(8)
        var value: UInt64 = 0
        for position in 0..<8 { value |= UInt64(bytes[offset + position]) << UInt64(8 * position) }
        offset += 8
        return value
    }

    /// The bytes of a nested message, a string or a packed list, as a range of this message's.
    mutating func readRange() throws(FormatError) -> Range<Int> {
        let length = try readVarint()
        guard length <= UInt64(bytes.count - offset) else {
            throw .truncated(part: part, needed: length, available: bytes.count - offset)
        }
        let start = offset
        offset += Int(length)
        return start..<offset
    }

    mutating func readString() throws(FormatError) -> String {
        let range = try readRange()
        guard range.count <= ONNXLimits.stringBytesMax,
            let text = String(validating: bytes.extracting(range))
        else {
            throw .invalidValue(part: part, reason: "a string is too long or no valid UTF-8")
        }
        return text
    }

    mutating func skip(_ wire: Wire) throws(FormatError) {
        switch wire {
        case .varint: _ = try readVarint()
        case .fixed64: _ = try readFixed64()
        case .fixed32: _ = try readFixed32()
        case .bytes: _ = try readRange()
        }
    }

    /// Appends a repeated integer field's next values, packed or alone.
    mutating func readIntegers(_ wire: Wire, into values: inout [Int64]) throws(FormatError) {
        if wire == .varint {
            values.append(Int64(bitPattern: try readVarint()))
            return
        }
        guard wire == .bytes else { throw wrongWire() }
        let end = try readRange()
        let next = offset
        offset = end.lowerBound
        while offset < end.upperBound { values.append(Int64(bitPattern: try readVarint())) }
        guard offset == next else { throw wrongWire() }
    }

    /// Appends a repeated float field's next values, packed or alone.
    mutating func readFloats(_ wire: Wire, into values: inout [Float]) throws(FormatError) {
        if wire == .fixed32 {
            values.append(Float(bitPattern: try readFixed32()))
            return
        }
        guard wire == .bytes else { throw wrongWire() }
        let range = try readRange()
        guard range.count % 4 == 0 else { throw wrongWire() }
        values.reserveCapacity(values.count + range.count / 4)
        offset = range.lowerBound
        while offset < range.upperBound { values.append(Float(bitPattern: try readFixed32())) }
    }

    /// Appends a repeated double field's next values, packed or alone.
    mutating func readDoubles(_ wire: Wire, into values: inout [Double]) throws(FormatError) {
        if wire == .fixed64 {
            values.append(Double(bitPattern: try readFixed64()))
            return
        }
        guard wire == .bytes else { throw wrongWire() }
        let range = try readRange()
        guard range.count % 8 == 0 else { throw wrongWire() }
        values.reserveCapacity(values.count + range.count / 8)
        offset = range.lowerBound
        while offset < range.upperBound { values.append(Double(bitPattern: try readFixed64())) }
    }

    /// Refuses a field that is encoded otherwise than its type says.
    func expect(_ field: Field, _ wire: Wire) throws(FormatError) {
        if field.wire != wire { throw wrongWire() }
    }

    private func wrongWire() -> FormatError {
        .invalidValue(part: part, reason: "a field before byte \(offset) has another type than ONNX gives it")
    }

    private func require(_ count: Int) throws(FormatError) {
        if bytes.count - offset < count {
            throw .truncated(part: part, needed: UInt64(count), available: bytes.count - offset)
        }
    }
}
