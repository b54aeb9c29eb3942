// SPDX-License-Identifier: Apache-2.0

/// Reads TensorProto: its elements lie in `raw_data`, in the list of their type, or in another file.
package struct ONNXTensorReader {
    private let external: any ExternalTensorData

    package init(external: any ExternalTensorData) { self.external = external }

    private struct Parts {
        var name = ""
        var dimensions: [Int64] = []
        var type = 0
        var floats: [Float] = []
        var integers: [Int64] = []
        var longs: [Int64] = []
        var unsigned: [Int64] = []
        var doubles: [Double] = []
        var strings: [String] = []
        var raw: Range<Int>?
        var location: [String: String] = [:]
        var isExternal = false
    }

    package func read(_ bytes: Span<UInt8>, part: String) throws(FormatError) -> ConstantTensor {
        var reader = ProtobufReader(bytes, part: part)
        var parts = Parts()
        while let field = try reader.nextField() {
            switch field.number {
            case 1: try reader.readIntegers(field.wire, into: &parts.dimensions)
            case 2:
                try reader.expect(field, .varint)
                parts.type = Int(truncatingIfNeeded: try reader.readVarint())
            case 3:
                throw .unsupported(part: part, advice: "tensors in segments are not read")
            case 4: try reader.readFloats(field.wire, into: &parts.floats)
            case 5: try reader.readIntegers(field.wire, into: &parts.integers)
            case 6:
                try reader.expect(field, .bytes)
                parts.strings.append(try reader.readString())
            case 7: try reader.readIntegers(field.wire, into: &parts.longs)
            case 8: parts.name = try reader.readString()
            case 9:
                try reader.expect(field, .bytes)
                parts.raw = try reader.readRange()
            case 10: try reader.readDoubles(field.wire, into: &parts.doubles)
            case 11: try reader.readIntegers(field.wire, into: &parts.unsigned)
            case 13:
                try reader.expect(field, .bytes)
                let range = try reader.readRange()
                let (key, value) = try ONNXReader.readPair(bytes.extracting(range), part: part)
                if parts.location.count < 16 { parts.location[key] = value }
            case 14:
                try reader.expect(field, .varint)
                parts.isExternal = try reader.readVarint() == 1
            default: try reader.skip(field.wire)
            }
        }
        return try tensor(parts, bytes, part: parts.name.isEmpty ? part : "tensor \"\(parts.name)\"")
    }

    private func tensor(
        _ parts: Parts, _ bytes: Span<UInt8>, part: String
    ) throws(FormatError) -> ConstantTensor {
        guard let type = ElementType(rawValue: parts.type) else {
            throw .unsupported(
                part: "\(part) of element type \(parts.type)",
                advice: "use a float, integer, bool or string type")
        }
        guard parts.dimensions.count <= ONNXLimits.rankMax else {
            throw .invalidValue(part: part, reason: "more than \(ONNXLimits.rankMax) dimensions")
        }
        var count = 1
        for dimension in parts.dimensions {
            guard dimension >= 0, dimension <= ONNXLimits.elementsMax else {
                throw .invalidValue(part: part, reason: "the dimension \(dimension)")
            }
            count *= Int(dimension)
            guard count <= ONNXLimits.elementsMax else { throw .sizeOverflow(part: part) }
        }
        let elements: TensorElements
        if parts.isExternal {
            elements = try externalElements(parts, type, count: count, part: part)
        } else if let raw = parts.raw, let width = type.byteWidth {
            guard raw.count == count * width else {
                throw .wrongSize(part: part, expected: count * width, found: raw.count)
            }
            elements = TensorElements(littleEndian: bytes.extracting(raw), type: type)
        } else {
            elements = try listedElements(parts, type, part: part)
        }
        guard elements.count == count else {
            throw .wrongShape(
                part: part, expected: "\(count) elements", found: "\(elements.count) elements")
        }
        return ConstantTensor(name: parts.name, shape: parts.dimensions.map(Int.init), elements: elements)
    }

    private func externalElements(
        _ parts: Parts, _ type: ElementType, count: Int, part: String
    ) throws(FormatError) -> TensorElements {
        guard let width = type.byteWidth else {
            throw .invalidValue(part: part, reason: "strings cannot lie in another file")
        }
        guard let path = parts.location["location"], !path.isEmpty else {
            throw .missingPart("the location of \(part)")
        }
        let offset = parts.location["offset"].map { Int($0) } ?? 0
        let stated = parts.location["length"].map { Int($0) } ?? count * width
        guard let offset, offset >= 0, stated == count * width else {
            throw .invalidValue(part: part, reason: "its offset or length in \(path) does not fit its shape")
        }
        let found = try external.bytes(of: path, offset: offset, count: count * width, part: part)
        guard found.count == count * width else {
            throw .wrongSize(part: part, expected: count * width, found: found.count)
        }
        return TensorElements(littleEndian: found.span, type: type)
    }

    /// Small integers, booleans and halves travel in `int32_data`.
    private func listedElements(
        _ parts: Parts, _ type: ElementType, part: String
    ) throws(FormatError) -> TensorElements {
        let integers = parts.integers
        switch type {
        case .float32: return .float32(parts.floats)
        case .float64: return .float64(parts.doubles)
        case .int64: return .int64(parts.longs)
        case .string: return .string(parts.strings)
        case .uint64: return .uint64(parts.unsigned.map { UInt64(bitPattern: $0) })
        case .uint32: return .uint32(parts.unsigned.map { UInt32(truncatingIfNeeded: $0) })
        case .int32: return .int32(integers.map { Int32(truncatingIfNeeded: $0) })
        case .int16: return .int16(integers.map { Int16(truncatingIfNeeded: $0) })
        case .uint16: return .uint16(integers.map { UInt16(truncatingIfNeeded: $0) })
        case .int8: return .int8(integers.map { Int8(truncatingIfNeeded: $0) })
        case .uint8: return .uint8(integers.map { UInt8(truncatingIfNeeded: $0) })
        case .bool: return .bool(integers.map { $0 != 0 })
        case .float16:
            return .float16(integers.map { Float16(bitPattern: UInt16(truncatingIfNeeded: $0)) })
        case .bfloat16: return .bfloat16(integers.map { BFloat16(bits: UInt16(truncatingIfNeeded: $0)) })
        }
    }
}

/// Where the bytes of tensors outside the model file come from.
public protocol ExternalTensorData: Sendable {
    /// `count` bytes from `offset` of the file that the model calls `location`, a path relative to it.
    func bytes(of location: String, offset: Int, count: Int, part: String) throws(FormatError) -> [UInt8]
}

/// Refuses all of them: for bytes that came without a directory.
package struct NoExternalTensorData: ExternalTensorData {
    package init() {}

    package func bytes(of location: String, offset: Int, count: Int, part: String) throws(FormatError)
        -> [UInt8]
    {
        throw .unsupported(
            part: "\(part) in the file \"\(location)\"",
            advice: "put the model and its data into one directory, or save it in one file")
    }
}
