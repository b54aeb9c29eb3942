// SPDX-License-Identifier: Apache-2.0
import Base

/// A safetensors file of anybody: named tensors of numbers, and metadata of strings.
///
///     length of the header (8 bytes, little-endian), header (JSON), bytes of the tensors
///
/// The rules are those of the format's own description: at most 100 MB of header, tensors that touch each
/// other, none outside the file, no byte left over.
struct SafetensorsFile: ~Escapable {
    struct Entry {
        var name: String
        var type: String
        var shape: [Int]
        var range: Range<Int>
    }

    private let bytes: Span<UInt8>
    private(set) var metadata: [String: String] = [:]
    private(set) var entries: [Entry] = []

    private static let headerSizeMax = 100_000_000
    private static let dimensionsMax = 8

    /// Whether `bytes` begin like a safetensors file.
    static func begins(_ bytes: Span<UInt8>) -> Bool {
        bytes.count > 8 && bytes[8] == UInt8(ascii: "{") && bytes[6] == 0 && bytes[7] == 0
    }

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) throws(FormatError) {
        self.bytes = bytes
        var length: UInt64 = 0
        for index in 0..<8 { length |= UInt64(bytes[index]) << UInt64(8 * index) }
        if length > UInt64(SafetensorsFile.headerSizeMax) {
            throw .headerTooLarge(length: length, limit: SafetensorsFile.headerSizeMax)
        }
        if Int(length) > bytes.count - 8 {
            throw .truncated(part: "the header", needed: length, available: bytes.count - 8)
        }
        let start = 8 + Int(length)
        var document = DocumentReader(bytes.extracting(8..<start), part: "the header")
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "the header") {
            if name == "__metadata__" {
                try readMetadata(&document)
            } else {
                entries.append(try readEntry(&document, name: name, start: start))
            }
        }
        try document.expectEnd()
        try checkRanges(start)
    }

    private mutating func readMetadata(_ document: inout DocumentReader) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "__metadata__") {
            metadata[name] = try document.readString()
        }
    }

    private func readEntry(
        _ document: inout DocumentReader, name: String, start: Int
    ) throws(FormatError) -> Entry {
        let part = "tensor \"\(name)\""
        var (type, shape): (String, [Int]) = ("", [])
        var offsets: [Int] = []
        var names = MemberNames()
        try document.beginObject()
        while let member = try document.nextMember(&names, of: part) {
            switch member {
            case "dtype": type = try document.readString()
            case "shape":
                shape = try document.readIntegers(limit: SafetensorsFile.dimensionsMax, of: "\(part): shape")
            case "data_offsets": offsets = try document.readIntegers(limit: 2, of: "\(part): data_offsets")
            default: try document.skipValue()
            }
        }
        guard offsets.count == 2 else { throw .missingPart("\(part): data_offsets") }
        guard offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= bytes.count - start else {
            throw .outOfBounds(part: part)
        }
        let range = start + offsets[0]..<start + offsets[1]
        return Entry(name: name, type: type, shape: shape, range: range)
    }

    /// In the order of their bytes tensors touch each other, from the header's end to the file's.
    private func checkRanges(_ start: Int) throws(FormatError) {
        var end = start
        for entry in entries.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            let part = "tensor \"\(entry.name)\""
            if entry.range.lowerBound < end { throw .overlap(part: part, offset: end - start) }
            if entry.range.lowerBound > end { throw .hole(part: part, offset: end - start) }
            end = entry.range.upperBound
        }
        if end != bytes.count { throw .trailingBytes(bytes.count - end) }
    }

    // MARK: Numbers

    /// The numbers of the tensor `name` as Float32, with its shape; nil when there is none of that name.
    func floats(_ name: String) throws(FormatError) -> (numbers: [Float], shape: [Int])? {
        guard let entry = entries.first(where: { $0.name == name }) else { return nil }
        let part = "tensor \"\(name)\""
        let width: Int
        switch entry.type {
        case "F64": width = 8
        case "F32": width = 4
        case "F16", "BF16": width = 2
        default: throw .wrongType(part: part, expected: "F64, F32, F16 or BF16", found: entry.type)
        }
        var count = 1
        for dimension in entry.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            if overflow || dimension < 0 { throw .sizeOverflow(part: part) }
            count = product
        }
        let (size, overflow) = count.multipliedReportingOverflow(by: width)
        if overflow { throw .sizeOverflow(part: part) }
        if size != entry.range.count {
            throw .wrongSize(part: part, expected: size, found: entry.range.count)
        }
        let data = bytes.extracting(entry.range)
        var numbers: [Float] = []
        numbers.reserveCapacity(count)
        for index in 0..<count { numbers.append(SafetensorsFile.number(entry.type, data, index * width)) }
        return (numbers, entry.shape)
    }

    private static func number(_ type: String, _ data: Span<UInt8>, _ offset: Int) -> Float {
        func bits(_ width: Int) -> UInt64 {
            var bits: UInt64 = 0
            for index in 0..<width { bits |= UInt64(data[offset + index]) << UInt64(8 * index) }
            return bits
        }
        switch type {
        case "F64": return Float(Double(bitPattern: bits(8)))
        case "F32": return Float(bitPattern: UInt32(truncatingIfNeeded: bits(4)))
        // The upper half of a Float32.
        case "BF16": return Float(bitPattern: UInt32(truncatingIfNeeded: bits(2)) << 16)
        default: return half(UInt16(truncatingIfNeeded: bits(2)))
        }
    }

    /// A Float16 by its bits; Swift's own type is not on every machine.
    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 31)
        let fraction = Float(bits & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * Float(sign: .plus, exponent: -24, significand: 1)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default:
            return sign * (1 + fraction / 1024) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }
}
