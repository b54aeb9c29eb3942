// SPDX-License-Identifier: Apache-2.0
import Base

/// An array that NumPy saved (`.npy`, versions 1 to 3): numbers, booleans, strings, or rows of named fields.
///
///     "\x93NUMPY", version (2 bytes), length of the header (2 or 4 bytes), header, elements
///
/// The header is the text of a Python dictionary: `{'descr': '<f8', 'fortran_order': False,
/// 'shape': (3,), }`.
/// Objects (`|O`), which are pickles, and big-endian numbers are refused.
struct NumpyArray {
    struct Field: Equatable {
        var name: String
        /// The letter of NumPy's kind: `f`, `i`, `u`, `b`, `U`; `V` for bytes that mean nothing.
        var kind: UInt8
        /// Bytes of an element.
        var size: Int
        var offset: Int
    }

    let shape: [Int]
    /// One field without a name for a plain array.
    let fields: [Field]
    private let isColumnMajor: Bool
    private let rowSize: Int
    private let elements: [UInt8]

    var count: Int { shape.reduce(1, *) }

    /// - Parameter part: the name of the file, for errors.
    init(_ bytes: Span<UInt8>, part: String) throws(FormatError) {
        func malformed(_ offset: Int, _ reason: String) -> FormatError {
            .malformed(part: part, offset: offset, reason: reason)
        }
        let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
        guard bytes.count >= 12, (0..<6).allSatisfy({ bytes[$0] == magic[$0] }) else {
            throw malformed(0, "it does not begin like an .npy file")
        }
        let version = bytes[6]
        guard (1...3).contains(version) else {
            throw .unsupportedVersion(part: "\(part): the .npy format", found: String(version))
        }
        var length = Int(bytes[8]) | Int(bytes[9]) << 8
        if version > 1 { length |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24 }
        let start = version == 1 ? 10 : 12
        guard length <= bytes.count - start else { throw malformed(8, "the header is longer than the file") }
        var header = NumpyHeader(bytes.extracting(start..<start + length), part: part)
        try header.read()
        shape = header.shape
        fields = header.fields
        isColumnMajor = header.isColumnMajor
        rowSize = header.rowSize
        var size = rowSize
        for dimension in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
            if overflow { throw .sizeOverflow(part: part) }
            size = product
        }
        let data = bytes.extracting(start + length..<bytes.count)
        if data.count != size { throw .wrongSize(part: part, expected: size, found: data.count) }
        var elements: [UInt8] = []
        elements.reserveCapacity(size)
        for index in data.indices { elements.append(data[index]) }
        self.elements = elements
    }

    /// The numbers of a field, or of the whole of a plain array, row-major.
    func doubles(_ name: String = "", part: String) throws(FormatError) -> [Double] {
        let field = try field(name, part: part)
        guard
            [UInt8(ascii: "f"), UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "b")].contains(field.kind)
        else {
            throw .wrongType(part: part, expected: "numbers", found: "kind \(field.kind)")
        }
        var numbers: [Double] = []
        numbers.reserveCapacity(count)
        for index in 0..<count { numbers.append(number(field, at: position(of: index))) }
        return numbers
    }

    /// Likewise, whole numbers.
    func integers(_ name: String = "", part: String) throws(FormatError) -> [Int] {
        let numbers = try doubles(name, part: part)
        var integers: [Int] = []
        integers.reserveCapacity(numbers.count)
        for number in numbers {
            guard let integer = Int(exactly: number), abs(integer) < 1 << 53 else {
                throw .invalidValue(part: part, reason: "\(number) is no whole number below 2^53")
            }
            integers.append(integer)
        }
        return integers
    }

    /// The strings of a plain array.
    func strings(part: String) throws(FormatError) -> [String] {
        let field = try field("", part: part)
        guard field.kind == UInt8(ascii: "U") else {
            throw .wrongType(part: part, expected: "strings", found: "numbers")
        }
        var strings: [String] = []
        for index in 0..<count {
            var text = String.UnicodeScalarView()
            let start = position(of: index) * rowSize
            for character in 0..<field.size / 4 {
                let code = UInt32(truncatingIfNeeded: bits(at: start + character * 4, size: 4))
                if code == 0 { break }
                guard let scalar = Unicode.Scalar(code) else {
                    throw .invalidValue(part: part, reason: "a string holds \(code), which is no character")
                }
                text.append(scalar)
            }
            strings.append(String(text))
        }
        return strings
    }

    var holdsStrings: Bool { fields.count == 1 && fields[0].kind == UInt8(ascii: "U") }

    func has(field name: String) -> Bool { fields.contains { $0.name == name } }

    private func field(_ name: String, part: String) throws(FormatError) -> Field {
        guard let field = fields.first(where: { $0.name == name }) else {
            throw .missingPart("\(part): the field \"\(name)\"")
        }
        return field
    }

    /// Where the `index`th element in row-major order lies.
    private func position(of index: Int) -> Int {
        guard isColumnMajor, shape.count > 1 else { return index }
        var (rest, position, step) = (index, 0, count)
        for dimension in shape.reversed() {
            step /= dimension
            position += rest % dimension * step
            rest /= dimension
        }
        return position
    }

    private func number(_ field: Field, at position: Int) -> Double {
        let bits = bits(at: position * rowSize + field.offset, size: field.size)
        switch (field.kind, field.size) {
        case (UInt8(ascii: "f"), 8): return Double(bitPattern: bits)
        case (UInt8(ascii: "f"), _): return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case (UInt8(ascii: "i"), 1): return Double(Int8(truncatingIfNeeded: bits))
        case (UInt8(ascii: "i"), 2): return Double(Int16(truncatingIfNeeded: bits))
        case (UInt8(ascii: "i"), 4): return Double(Int32(truncatingIfNeeded: bits))
        case (UInt8(ascii: "i"), _): return Double(Int64(bitPattern: bits))
        default: return Double(bits)
        }
    }

    private func bits(at offset: Int, size: Int) -> UInt64 {
        var bits: UInt64 = 0
        for index in 0..<min(size, 8) { bits |= UInt64(elements[offset + index]) << UInt64(8 * index) }
        return bits
    }
}
