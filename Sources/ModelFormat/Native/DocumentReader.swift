// SPDX-License-Identifier: Apache-2.0
import Base

/// A reader of JSON or of Universal Binary JSON whose errors say which part of a model file they are in, and
/// that refuses repeated names.
struct DocumentReader: ~Copyable, ~Escapable {
    enum Encoding { case json, ubjson }

    private let bytes: Span<UInt8>
    private var json: JSONReader
    /// Reads instead of `json` in a binary document.
    private var binary: UBJSONReader
    let isBinary: Bool
    private let part: String

    @_lifetime(copy bytes)
    init(
        _ bytes: Span<UInt8>, part: String, options: JSONReader.Options = .strict, encoding: Encoding = .json
    ) {
        self.bytes = bytes
        json = JSONReader(bytes, options: options)
        binary = UBJSONReader(bytes, part: part)
        isBinary = encoding == .ubjson
        self.part = part
    }

    var position: Int { isBinary ? binary.position : json.position }

    mutating func peek() throws(FormatError) -> JSONToken {
        if isBinary { return try binary.peek() }
        do { return try json.peek() } catch { throw malformed(error) }
    }

    mutating func beginObject() throws(FormatError) {
        if isBinary { return try binary.beginObject() }
        do { try json.beginObject() } catch { throw malformed(error) }
    }

    /// The name of the next member, or nil after the last; a name met before in this object is refused.
    mutating func nextMember(_ names: inout MemberNames, of object: String) throws(FormatError) -> String? {
        guard let next = try nextKey() else { return nil }
        if !names.insert(next) { throw .duplicateName(part: object, name: next) }
        return next
    }

    private mutating func nextKey() throws(FormatError) -> String? {
        if isBinary { return try binary.nextKey() }
        do { return try json.nextKey() } catch { throw malformed(error) }
    }

    mutating func beginArray() throws(FormatError) {
        if isBinary { return try binary.beginArray() }
        do { try json.beginArray() } catch { throw malformed(error) }
    }

    mutating func nextElement() throws(FormatError) -> Bool {
        if isBinary { return try binary.nextElement() }
        do { return try json.nextElement() } catch { throw malformed(error) }
    }

    mutating func readDouble() throws(FormatError) -> Double {
        if isBinary { return try binary.readDouble() }
        do { return try json.readDouble() } catch { throw malformed(error) }
    }

    mutating func readInt64() throws(FormatError) -> Int64 {
        if isBinary { return try binary.readInt64() }
        do { return try json.readInt64() } catch { throw malformed(error) }
    }

    mutating func readUInt64() throws(FormatError) -> UInt64 {
        if isBinary {
            guard let number = UInt64(exactly: try binary.readInt64()) else {
                throw unexpected("a number below zero")
            }
            return number
        }
        do { return try json.readUInt64() } catch { throw malformed(error) }
    }

    mutating func readBool() throws(FormatError) -> Bool {
        if isBinary { return try binary.readBool() }
        do { return try json.readBool() } catch { throw malformed(error) }
    }

    mutating func readNull() throws(FormatError) {
        if isBinary { return try binary.readNull() }
        do { try json.readNull() } catch { throw malformed(error) }
    }

    mutating func readString() throws(FormatError) -> String {
        if isBinary { return try binary.readString() }
        do { return try json.readString() } catch { throw malformed(error) }
    }

    @discardableResult
    mutating func skipValue() throws(FormatError) -> Range<Int> {
        if isBinary { return try binary.skipValue() }
        do { return try json.skipValue() } catch { throw malformed(error) }
    }

    mutating func expectEnd() throws(FormatError) {
        if isBinary { return try binary.expectEnd() }
        do { try json.expectEnd() } catch { throw malformed(error) }
    }

    /// Appends the numbers of an array, correctly rounded to Float32.
    mutating func readFloats(into numbers: inout [Float]) throws(FormatError) {
        if isBinary { return try binary.readFloats(into: &numbers) }
        try beginArray()
        while try nextElement() { numbers.append(try readFloat()) }
    }

    /// A number, correctly rounded to Float32.
    ///
    /// Rounding by way of Float64 is wrong only when the Float64 falls exactly between two Float32, about
    /// once in 2^29 numbers; then the text decides.
    mutating func readFloat() throws(FormatError) -> Float {
        if isBinary { return Float(try readDouble()) }
        let start = position
        let number = try readDouble()
        let rounded = Float(number)
        let isTie = number.bitPattern & 0x1FFF_FFFF == 0x1000_0000
        if !isTie && (rounded.isNormal || rounded == 0 || !number.isFinite) { return rounded }
        return Float(text(from: start)) ?? rounded
    }

    /// An array of at most `limit` integers.
    mutating func readIntegers(limit: Int, of name: String) throws(FormatError) -> [Int] {
        var numbers: [Int] = []
        try beginArray()
        while try nextElement() {
            if numbers.count == limit {
                throw unexpected("\(name) has more than \(limit) numbers")
            }
            numbers.append(Int(try readInt64()))
        }
        return numbers
    }

    mutating func readStrings() throws(FormatError) -> [String] {
        var strings: [String] = []
        try beginArray()
        while try nextElement() { strings.append(try readString()) }
        return strings
    }

    /// What was read since `start`, a former position, without the space and comma around it.
    func text(from start: Int) -> Substring {
        let text = String(copying: bytes.extracting(start..<position))
        return text.drop { $0 == "," || $0.isWhitespace }
    }

    /// The error for a value here that is legal JSON, but not what belongs here.
    func unexpected(_ reason: String) -> FormatError {
        if isBinary { return .malformed(part: part, offset: position, reason: reason) }
        return .malformedJSON(part: part, offset: position, reason: reason)
    }

    private func malformed(_ error: JSONError) -> FormatError {
        .malformedJSON(part: part, offset: error.offset, reason: String(describing: error.reason))
    }
}
