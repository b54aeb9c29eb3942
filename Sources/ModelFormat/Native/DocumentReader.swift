// SPDX-License-Identifier: Apache-2.0
import Base

/// A JSON reader whose errors say which part of a model file they are in, and that refuses repeated names.
struct DocumentReader: ~Copyable, ~Escapable {
    private let bytes: Span<UInt8>
    private var json: JSONReader
    private let part: String

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, part: String, options: JSONReader.Options = .strict) {
        self.bytes = bytes
        json = JSONReader(bytes, options: options)
        self.part = part
    }

    var position: Int { json.position }

    mutating func peek() throws(FormatError) -> JSONToken {
        do { return try json.peek() } catch { throw malformed(error) }
    }

    mutating func beginObject() throws(FormatError) {
        do { try json.beginObject() } catch { throw malformed(error) }
    }

    /// The name of the next member, or nil after the last; a name met before in this object is refused.
    mutating func nextMember(_ names: inout MemberNames, of object: String) throws(FormatError) -> String? {
        let next: String?
        do { next = try json.nextKey() } catch { throw malformed(error) }
        guard let next else { return nil }
        if !names.insert(next) { throw .duplicateName(part: object, name: next) }
        return next
    }

    mutating func beginArray() throws(FormatError) {
        do { try json.beginArray() } catch { throw malformed(error) }
    }

    mutating func nextElement() throws(FormatError) -> Bool {
        do { return try json.nextElement() } catch { throw malformed(error) }
    }

    mutating func readDouble() throws(FormatError) -> Double {
        do { return try json.readDouble() } catch { throw malformed(error) }
    }

    mutating func readInt64() throws(FormatError) -> Int64 {
        do { return try json.readInt64() } catch { throw malformed(error) }
    }

    mutating func readBool() throws(FormatError) -> Bool {
        do { return try json.readBool() } catch { throw malformed(error) }
    }

    mutating func readNull() throws(FormatError) {
        do { try json.readNull() } catch { throw malformed(error) }
    }

    mutating func readString() throws(FormatError) -> String {
        do { return try json.readString() } catch { throw malformed(error) }
    }

    @discardableResult
    mutating func skipValue() throws(FormatError) -> Range<Int> {
        do { return try json.skipValue() } catch { throw malformed(error) }
    }

    mutating func expectEnd() throws(FormatError) {
        do { try json.expectEnd() } catch { throw malformed(error) }
    }

    /// An array of at most `limit` integers.
    mutating func readIntegers(limit: Int, of name: String) throws(FormatError) -> [Int] {
        var numbers: [Int] = []
        try beginArray()
        while try nextElement() {
            if numbers.count == limit {
                throw .malformedJSON(
                    part: part, offset: position, reason: "\(name) has more than \(limit) numbers")
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
        .malformedJSON(part: part, offset: position, reason: reason)
    }

    private func malformed(_ error: JSONError) -> FormatError {
        .malformedJSON(part: part, offset: error.offset, reason: String(describing: error.reason))
    }
}

/// The names met so far in one JSON object; few, so the first ones are compared one by one.
struct MemberNames {
    private var few: [String] = []
    private var many: Set<String> = []

    /// False when `name` was met before.
    mutating func insert(_ name: String) -> Bool {
        if few.count < 16 {
            if few.contains(name) { return false }
            few.append(name)
            return true
        }
        if many.isEmpty { many = Set(few) }
        return many.insert(name).inserted
    }
}
