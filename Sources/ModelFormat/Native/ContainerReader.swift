// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography

/// Reads the header of a native file and checks rules 1 to 9 of docs/reference/model-format.md, in their
/// order.
struct ContainerReader {
    private(set) var metadata: [String: String] = [:]
    /// Without the padding, in the order of their bytes.
    private(set) var entries: [Container.Entry] = []

    init(_ bytes: Span<UInt8>) throws(FormatError) {
        let headerEnd = try ContainerReader.headerEnd(of: bytes, fileSize: bytes.count)
        try ContainerReader.checkDigest(of: bytes, headerEnd: headerEnd)
        try readAll(bytes, headerEnd: headerEnd, fileSize: bytes.count)
        try checkAlignment { range in
            for index in range where bytes[index] != 0 { return false }
            return true
        }
        entries.removeAll { $0.name.hasPrefix(Container.paddingPrefix) }
    }

    /// Only the header of a file of `fileSize` bytes: its digest and the padding's zeros are left to be
    /// checked by whoever reads on. `entries` are all, with the padding.
    init(header: Span<UInt8>, fileSize: Int) throws(FormatError) {
        let headerEnd = try ContainerReader.headerEnd(of: header, fileSize: fileSize)
        guard headerEnd == header.count, header[Container.digestRange.upperBound] == UInt8(ascii: "\"") else {
            throw .truncated(part: "the header", needed: UInt64(headerEnd), available: header.count)
        }
        try readAll(header, headerEnd: headerEnd, fileSize: fileSize)
        try checkAlignment { _ in true }
    }

    /// Rules 5, 7 and 8.
    private mutating func readAll(
        _ bytes: Span<UInt8>, headerEnd: Int, fileSize: Int
    ) throws(FormatError) {
        try readHeader(
            bytes.extracting(Container.lengthSize..<headerEnd), headerEnd: headerEnd, fileSize: fileSize)
        guard let version = metadata["modeld.format"] else { throw .missingPart("modeld.format") }
        if version != "1" { throw .unsupportedVersion(part: "modeld.format", found: version) }
        try checkLayout(dataStart: headerEnd, fileSize: fileSize)
    }

    /// Rules 1 to 3.
    private static func headerEnd(of bytes: Span<UInt8>, fileSize: Int) throws(FormatError) -> Int {
        if bytes.count < Container.lengthSize {
            throw .truncated(part: "the header's length", needed: 8, available: bytes.count)
        }
        var length: UInt64 = 0
        for index in 0..<Container.lengthSize { length |= UInt64(bytes[index]) << UInt64(8 * index) }
        if length > UInt64(Container.headerSizeMax) {
            throw .headerTooLarge(length: length, limit: Container.headerSizeMax)
        }
        let available = fileSize - Container.lengthSize
        if length > UInt64(available) {
            throw .truncated(part: "the header", needed: length, available: available)
        }
        let end = Container.lengthSize + Int(length)
        guard end >= Container.digestRange.upperBound + 1, Container.begins(bytes) else {
            throw .unrecognised(file: "", appearance: "a safetensors file without modeld's metadata")
        }
        if end % Container.alignment != 0 { throw .misaligned(part: "the first tensor", offset: end) }
        return end
    }

    /// Rule 4.
    private static func checkDigest(of bytes: Span<UInt8>, headerEnd: Int) throws(FormatError) {
        let range = Container.digestRange
        let actual = Container.digest(of: bytes).hexadecimal
        let stated = String(validating: bytes.extracting(range)) ?? "not text"
        let isClosed = bytes[range.upperBound] == UInt8(ascii: "\"")
        if !isClosed || stated != actual { throw .digestMismatch(stated: stated, actual: actual) }
    }

    /// Rules 5 and 7.
    private mutating func readHeader(
        _ header: Span<UInt8>, headerEnd: Int, fileSize: Int
    ) throws(FormatError) {
        var document = DocumentReader(header, part: "the header")
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "the header") {
            if name == "__metadata__" {
                try readMetadata(&document)
            } else {
                let entry = try ContainerReader.readEntry(
                    &document, name: name, dataStart: headerEnd, fileSize: fileSize)
                entries.append(entry)
            }
        }
        for index in document.position..<header.count where header[index] != UInt8(ascii: " ") {
            throw .malformedJSON(
                part: "the header", offset: index, reason: "only spaces may follow the object")
        }
    }

    private mutating func readMetadata(_ document: inout DocumentReader) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "__metadata__") {
            let value = try document.readString()
            // What others wrote is not kept: only its syntax matters.
            if name.hasPrefix("modeld.") { metadata[name] = value }
        }
    }

    /// Rule 7 for one tensor.
    private static func readEntry(
        _ document: inout DocumentReader, name: String, dataStart: Int, fileSize: Int
    ) throws(FormatError) -> Container.Entry {
        let part = "tensor \"\(name)\""
        var names = MemberNames()
        var type: TensorType?
        var shape: [Int]?
        var offsets: [Int]?
        try document.beginObject()
        while let member = try document.nextMember(&names, of: part) {
            switch member {
            case "dtype":
                let word = try document.readString()
                type = TensorType(rawValue: word)
                if type == nil { throw .unknownPart("dtype \"\(word)\" of \(part)") }
            case "shape":
                shape = try document.readIntegers(limit: Container.shapeSizeMax, of: "\(part).shape")
            case "data_offsets": offsets = try document.readIntegers(limit: 2, of: "\(part).data_offsets")
            default: try document.skipValue()
            }
        }
        guard let type else { throw .missingPart("\(part).dtype") }
        guard let shape else { throw .missingPart("\(part).shape") }
        guard let offsets else { throw .missingPart("\(part).data_offsets") }
        let size = try byteCount(of: shape, type, part: part)
        guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0],
            offsets[1] <= fileSize - dataStart
        else { throw .outOfBounds(part: part) }
        let found = offsets[1] - offsets[0]
        if found != size { throw .wrongSize(part: part, expected: size, found: found) }
        let range = (dataStart + offsets[0])..<(dataStart + offsets[1])
        return Container.Entry(name: name, type: type, shape: shape, range: range)
    }

    private static func byteCount(
        of shape: [Int], _ type: TensorType, part: String
    ) throws(FormatError) -> Int {
        var product = type.byteWidth
        for size in shape {
            if size < 0 { throw .outOfBounds(part: "\(part).shape") }
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            if overflow { throw .sizeOverflow(part: part) }
            product = next
        }
        return product
    }

    /// Rule 8.
    private mutating func checkLayout(dataStart: Int, fileSize: Int) throws(FormatError) {
        entries.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = dataStart
        for entry in entries {
            let start = entry.range.lowerBound
            if start < end { throw .overlap(part: "tensor \"\(entry.name)\"", offset: start - dataStart) }
            if start > end { throw .hole(part: "tensor \"\(entry.name)\"", offset: end - dataStart) }
            end = entry.range.upperBound
        }
        if end < fileSize { throw .trailingBytes(fileSize - end) }
    }

    /// Rule 9.
    private func checkAlignment(_ isZero: (Range<Int>) -> Bool) throws(FormatError) {
        for entry in entries {
            let part = "tensor \"\(entry.name)\""
            if !entry.name.hasPrefix(Container.paddingPrefix) {
                if entry.range.lowerBound % Container.alignment != 0 {
                    throw .misaligned(part: part, offset: entry.range.lowerBound)
                }
                continue
            }
            let isSmall = entry.type == .uint8 && entry.shape.count == 1 && !entry.range.isEmpty
            if !isSmall || entry.range.count >= Container.alignment { throw .invalidPadding(part: part) }
            if !isZero(entry.range) { throw .invalidPadding(part: part) }
        }
    }
}
