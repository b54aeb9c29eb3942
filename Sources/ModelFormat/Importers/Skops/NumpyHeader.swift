// SPDX-License-Identifier: Apache-2.0
import Base

/// The header of an `.npy` file: the few forms of a Python literal that NumPy writes.
struct NumpyHeader: ~Escapable {
    private let bytes: Span<UInt8>
    private let part: String
    private var offset = 0

    private(set) var fields: [NumpyArray.Field] = []
    private(set) var rowSize = 0
    private(set) var isColumnMajor = false
    private(set) var shape: [Int] = []

    private static let fieldsMax = 256
    private static let dimensionsMax = 8

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, part: String) {
        self.bytes = bytes
        self.part = part
    }

    private func malformed(_ reason: String) -> FormatError {
        .malformed(part: "\(part): the header", offset: offset, reason: reason)
    }

    mutating func read() throws(FormatError) {
        try expect("{")
        var names: Set<String> = []
        while try next() != UInt8(ascii: "}") {
            let name = try readString()
            if !names.insert(name).inserted { throw .duplicateName(part: "\(part): the header", name: name) }
            try expect(":")
            switch name {
            case "descr": try readDescription()
            case "fortran_order": isColumnMajor = try readBool()
            case "shape": shape = try readShape()
            default: throw .unknownPart("\(part): \"\(name)\" in the header")
            }
            if try next() == UInt8(ascii: ",") { offset += 1 }
        }
        offset += 1
        if names.count != 3 { throw .missingPart("\(part): descr, fortran_order and shape") }
    }

    /// `'<f8'`, or a list of `('name', '<f8')`; fields without a name are padding.
    private mutating func readDescription() throws(FormatError) {
        if try next() != UInt8(ascii: "[") {
            try append(name: "", type: try readString())
            return
        }
        offset += 1
        while try next() != UInt8(ascii: "]") {
            try expect("(")
            let name = try readString()
            try expect(",")
            try append(name: name, type: try readString())
            if try next() == UInt8(ascii: ",") { offset += 1 }
            try expect(")")
            if try next() == UInt8(ascii: ",") { offset += 1 }
        }
        offset += 1
        if rowSize == 0 { throw malformed("elements of no bytes") }
    }

    private mutating func append(name: String, type: String) throws(FormatError) {
        let text = Array(type.utf8)
        guard text.count >= 3, let count = Int(type.dropFirst(2)), count > 0, count < 1 << 20 else {
            throw .unsupported(
                part: "\(part): the type \"\(type)\"", advice: "only numbers and strings are read")
        }
        let kind = text[1]
        let size = kind == UInt8(ascii: "U") ? count * 4 : count
        let isKnown =
            switch kind {
            case UInt8(ascii: "f"): size == 4 || size == 8
            case UInt8(ascii: "i"), UInt8(ascii: "u"): [1, 2, 4, 8].contains(size)
            case UInt8(ascii: "b"): size == 1
            case UInt8(ascii: "U"), UInt8(ascii: "V"): true
            default: false
            }
        guard isKnown, text[0] == UInt8(ascii: "<") || text[0] == UInt8(ascii: "|") else {
            throw .unsupported(
                part: "\(part): the type \"\(type)\"",
                advice: "only little-endian numbers and strings are read")
        }
        if fields.count == NumpyHeader.fieldsMax {
            throw malformed("more than \(NumpyHeader.fieldsMax) fields")
        }
        if kind != UInt8(ascii: "V") {
            fields.append(NumpyArray.Field(name: name, kind: kind, size: size, offset: rowSize))
        }
        rowSize += size
    }

    private mutating func readShape() throws(FormatError) -> [Int] {
        var shape: [Int] = []
        try expect("(")
        while try next() != UInt8(ascii: ")") {
            if shape.count == NumpyHeader.dimensionsMax { throw malformed("too many dimensions") }
            shape.append(try readInteger())
            if try next() == UInt8(ascii: ",") { offset += 1 }
        }
        offset += 1
        return shape
    }

    // MARK: Tokens

    /// The next byte that is no space; not consumed.
    private mutating func next() throws(FormatError) -> UInt8 {
        while offset < bytes.count, bytes[offset] == 0x20 || bytes[offset] == 0x0A { offset += 1 }
        guard offset < bytes.count else { throw malformed("it ends too early") }
        return bytes[offset]
    }

    private mutating func expect(_ character: Character) throws(FormatError) {
        guard try next() == character.asciiValue else { throw malformed("expected '\(character)'") }
        offset += 1
    }

    private mutating func readString() throws(FormatError) -> String {
        let quote = try next()
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw malformed("expected a string")
        }
        offset += 1
        let start = offset
        while offset < bytes.count, bytes[offset] != quote, bytes[offset] != UInt8(ascii: "\\") {
            offset += 1
        }
        guard offset < bytes.count, bytes[offset] == quote,
            let text = String(validating: bytes.extracting(start..<offset))
        else { throw malformed("a string that does not end, or has escapes") }
        offset += 1
        return text
    }

    private mutating func readBool() throws(FormatError) -> Bool {
        let isTrue = try next() == UInt8(ascii: "T")
        for letter in (isTrue ? "True" : "False").utf8 {
            guard try next() == letter else { throw malformed("expected True or False") }
            offset += 1
        }
        return isTrue
    }

    private mutating func readInteger() throws(FormatError) -> Int {
        _ = try next()
        var number = 0
        let start = offset
        while offset < bytes.count, bytes[offset] &- UInt8(ascii: "0") < 10 {
            if offset - start == 15 { throw malformed("a dimension of more than 15 digits") }
            number = number * 10 + Int(bytes[offset] - UInt8(ascii: "0"))
            offset += 1
        }
        if offset == start { throw malformed("expected a whole number") }
        // Python 2 wrote a letter behind long numbers.
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "L") { offset += 1 }
        return number
    }
}
