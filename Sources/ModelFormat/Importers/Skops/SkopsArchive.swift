// SPDX-License-Identifier: Apache-2.0
import Base
import Compression

/// The files of a skops archive: `schema.json`, which says what the objects are, and one `.npy` an array.
struct SkopsArchive: ~Escapable {
    private let bytes: Span<UInt8>
    private let archive: ZipArchive
    let root: SkopsNode

    private static let schemaSizeMax = 64 << 20
    private static let arraySizeMax = 4 << 30

    /// Whether `bytes`, a zip archive, has a schema; a damaged archive has none.
    static func isSkops(_ bytes: Span<UInt8>) -> Bool {
        guard let archive = try? ZipArchive(bytes) else { return false }
        return archive["schema.json"] != nil
    }

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) throws(FormatError) {
        self.bytes = bytes
        let archive: ZipArchive
        do { archive = try ZipArchive(bytes) } catch {
            throw SkopsArchive.unreadable("the skops file", error)
        }
        self.archive = archive
        guard let entry = archive["schema.json"] else { throw .missingPart("schema.json in the archive") }
        let text: ByteBuffer
        do {
            text = try archive.contents(of: entry, in: bytes, limit: SkopsArchive.schemaSizeMax)
        } catch {
            throw SkopsArchive.unreadable("schema.json", error)
        }
        do {
            let options = JSONReader.Options(allowsNonFinite: true, maximumDepth: 128)
            root = SkopsNode(value: try JSONValue.parse(text.bytes, options: options), path: "the model")
        } catch {
            throw .malformedJSON(part: "schema.json", offset: error.offset, reason: error.message)
        }
    }

    private static func unreadable(_ part: String, _ error: ZipError) -> FormatError {
        switch error {
        case .unsupported: .unsupported(part: part, advice: "\(error)")
        default: .invalidValue(part: part, reason: "\(error)")
        }
    }

    /// The array in the file that `node` names.
    func array(_ node: SkopsNode) throws(FormatError) -> NumpyArray {
        guard node.loader == "NdArrayNode" else {
            throw .wrongType(part: node.path, expected: "an array in a file", found: node.loader)
        }
        let contents = try contents(node)
        return try NumpyArray(contents.bytes, part: node.path)
    }

    /// The file that `node` names.
    func contents(_ node: SkopsNode) throws(FormatError) -> ByteBuffer {
        guard let name = node.value["file"]?.string else {
            throw .wrongType(part: node.path, expected: "a file", found: node.loader)
        }
        guard let entry = archive[name] else { throw .missingPart("\(name) for \(node.path)") }
        do {
            return try archive.contents(of: entry, in: bytes, limit: SkopsArchive.arraySizeMax)
        } catch {
            throw SkopsArchive.unreadable(name, error)
        }
    }

    // MARK: Values of either form

    /// Numbers in an array, a list or alone.
    func doubles(_ node: SkopsNode) throws(FormatError) -> [Double] {
        if node.value["file"] != nil { return try array(node).doubles(part: node.path) }
        if let items = node.items {
            var numbers: [Double] = []
            for item in items { numbers.append(contentsOf: try doubles(item)) }
            return numbers
        }
        guard let number = node.scalar?.double else {
            throw .wrongType(part: node.path, expected: "a number", found: node.loader)
        }
        return [number]
    }

    /// One number.
    func double(_ node: SkopsNode) throws(FormatError) -> Double {
        let numbers = try doubles(node)
        guard numbers.count == 1 else {
            throw .wrongShape(part: node.path, expected: "one number", found: "\(numbers.count)")
        }
        return numbers[0]
    }

    /// Strings or whole numbers, as classes and categories are: an array in a file or a list.
    func labels(_ node: SkopsNode) throws(FormatError) -> [SkopsLabel] {
        if node.value["file"] != nil {
            let array = try array(node)
            if array.holdsStrings { return try array.strings(part: node.path).map(SkopsLabel.text) }
            return try array.doubles(part: node.path).map(SkopsLabel.number)
        }
        guard let items = node.items else {
            throw .wrongType(part: node.path, expected: "a list", found: node.loader)
        }
        var labels: [SkopsLabel] = []
        for item in items {
            switch item.scalar {
            case .string(let text): labels.append(.text(text))
            case .integer(let number): labels.append(.number(Double(number)))
            case .number(let number): labels.append(.number(number))
            case .bool(let flag): labels.append(.number(flag ? 1 : 0))
            default: labels.append(.nothing)
            }
        }
        return labels
    }
}

/// A class or category of scikit-learn.
enum SkopsLabel: Equatable {
    case text(String)
    case number(Double)
    /// `None`, or something that is no label.
    case nothing

    /// What a client calls it: whole numbers without a point.
    var name: String? {
        switch self {
        case .text(let text): text
        case .number(let number):
            number.isNaN ? nil : Int64(exactly: number).map { String($0) } ?? "\(number)"
        case .nothing: nil
        }
    }
}
