// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Keys of any type and the number of each: the look-up of encoders.
enum KeyTable: Sendable {
    case strings([String: Int])
    case integers([Int64: Int])
    /// By bit pattern; -0 is 0, and all NaN are one.
    case floats([UInt64: Int])

    /// - Parameter matchesNaN: NaN is a key like others, as from the fourth version of LabelEncoder on.
    init(_ keys: Tensor, matchesNaN: Bool = true) throws(OperatorError) {
        func first<Key>(_ keys: [Key]) -> [Key: Int] {
            Dictionary(keys.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }
        switch keys.elements {
        case .string(let names): self = .strings(first(names))
        case .float32, .float64, .float16, .bfloat16:
            var table = first(try keys.converted(toFloating: Double.self).map(Self.bits))
            if !matchesNaN { table[Double.nan.bitPattern] = nil }
            self = .floats(table)
        default: self = .integers(first(try keys.convertedToLongs()))
        }
    }

    private static func bits(_ value: Double) -> UInt64 {
        value.isNaN ? Double.nan.bitPattern : value == 0 ? 0 : value.bitPattern
    }

    /// For each element its key's number, -1 where it is none.
    func places(of x: Tensor) throws(OperatorError) -> [Int] {
        switch self {
        case .strings(let table):
            return try x.array(String.self).prefix(x.count).map { table[$0] ?? -1 }
        case .floats(let table):
            return try x.converted(toFloating: Double.self).map { table[Self.bits($0)] ?? -1 }
        case .integers(let table):
            if case .string = x.elements { throw OperatorError("strings where numbers are expected") }
            return try x.convertedToLongs().map { table[$0] ?? -1 }
        }
    }

    /// The names, for a request's categories.
    var names: [String]? {
        guard case .strings(let table) = self else { return nil }
        return table.sorted { $0.value < $1.value }.map(\.key)
    }
}

/// Each element replaced by the value of its key.
struct LabelEncoderKernel: OperatorKernel {
    let keys: KeyTable
    let values: Tensor
    let fallback: TensorElements

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let places = try keys.places(of: x)
        context.set(
            0, try values.gathered(RunList(starts: places, length: 1), shape: x.shape, fill: fallback))
    }

    init(_ description: OperatorDescription) throws(OperatorError) {
        if description.version == 1 {
            throw OperatorError("the first LabelEncoder needs its input's type; see OldLabelEncoderKernel")
        }
        guard let keys = try Self.list(description, "keys"), let values = try Self.list(description, "values")
        else { throw OperatorError("keys or values are missing") }
        guard keys.count == values.count else {
            throw OperatorError("\(keys.count) keys and \(values.count) values")
        }
        self.keys = try KeyTable(keys, matchesNaN: description.version >= 4)
        self.values = values
        if let tensor = try description.tensor("default_tensor") {
            guard tensor.elements.type == values.type, tensor.elements.count == 1 else {
                throw OperatorError("default_tensor is not one \(values.type)")
            }
            fallback = tensor.elements
            return
        }
        switch values.type {
        case .string: fallback = .string([try description.string("default_string", default: "_Unused")])
        case .float32: fallback = .float32([try description.float("default_float", default: -0.0)])
        case .int64: fallback = .int64([Int64(try description.integer("default_int64", default: -1))])
        default:
            fallback = try Tensor(shape: Shape(1), elements: .int64([-1])).cast(to: values.type).elements
        }
    }

    private static func list(
        _ description: OperatorDescription, _ name: String
    ) throws(OperatorError) -> Tensor? {
        if let tensor = try description.tensor("\(name)_tensor") {
            return Tensor(shape: Shape(tensor.elements.count), elements: tensor.elements)
        }
        if let list = try description.strings("\(name)_strings"), !list.isEmpty {
            return Tensor(shape: Shape(list.count), elements: .string(list))
        }
        if let list = try description.longs("\(name)_int64s"), !list.isEmpty {
            return Tensor(shape: Shape(list.count), elements: .int64(list))
        }
        if let list = try description.floats("\(name)_floats"), !list.isEmpty {
            return Tensor(shape: Shape(list.count), elements: .float32(list))
        }
        return nil
    }
}

/// The encoder of operator set 1, and CategoryMapper: names to numbers or numbers to names, whatever comes.
struct CategoryMapperKernel: OperatorKernel {
    let names: [String]
    let numbers: [Int64]
    let defaultName: String
    let defaultNumber: Int64

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        if case .string(let texts) = x.elements {
            let table = Dictionary(zip(names, numbers), uniquingKeysWith: { first, _ in first })
            context.set(0, x.shape, texts.prefix(x.count).map { table[$0] ?? defaultNumber })
        } else {
            let table = Dictionary(zip(numbers, names), uniquingKeysWith: { first, _ in first })
            context.set(0, x.shape, try x.convertedToLongs().map { table[$0] ?? defaultName })
        }
    }
}

/// Each element as a row of one and zeros.
struct CategoryOneHotKernel: OperatorKernel {
    let keys: KeyTable
    let count: Int
    let allowsUnknown: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        var x = try context.input(0)
        guard x.shape.rank < Shape.rankMax else { throw OperatorError("more than eight axes") }
        if case .integers = keys, x.type == .string {
            throw OperatorError("strings where numbers are expected")
        }
        if case .strings = keys, x.type != .string { x = try x.cast(to: .string) }
        let places = try keys.places(of: x)
        var shape = x.shape
        shape.append(count)
        var y = try context.memory(Float.self, 0, shape)
        for index in 0..<shape.count { y[index] = 0 }
        for (index, place) in places.enumerated() {
            if place >= 0 {
                y[index * count + place] = 1
            } else if !allowsUnknown {
                throw OperatorError("an element is none of the \(count) categories")
            }
        }
        context.set(0, shape, y)
    }
}

/// Columns picked by number; the result has rows also when there was one.
struct FeatureExtractorKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let numbers = try context.input(1).integers("the columns")
        guard x.shape.rank > 0, !numbers.isEmpty else { throw OperatorError("no columns") }
        let width = x.shape[x.shape.rank - 1]
        guard numbers.allSatisfy({ (0..<width).contains($0) }) else {
            throw OperatorError("columns \(numbers.prefix(8)) of \(width)")
        }
        let rows = x.shape.product(0..<x.shape.rank - 1)
        var shape = x.shape
        shape[x.shape.rank - 1] = numbers.count
        if x.shape.rank == 1 { shape = Shape(1, numbers.count) }
        var starts: [Int] = []
        for row in 0..<rows { for number in numbers { starts.append(row * width + number) } }
        context.set(0, try x.gathered(RunList(starts: starts, length: 1), shape: shape))
    }
}

/// Columns of several inputs side by side, as Float32.
struct FeatureVectorizerKernel: OperatorKernel {
    let widths: [Int]

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        guard widths.isEmpty || widths.count == context.inputCount else {
            throw OperatorError("\(widths.count) widths for \(context.inputCount) inputs")
        }
        var parts: [(values: [Float], width: Int, wanted: Int)] = []
        var rowCount: Int?
        for index in 0..<context.inputCount {
            let input = try context.input(index)
            let (rows, width) = try input.rows()
            guard rowCount == nil || rowCount == rows else { throw OperatorError("inputs of different rows") }
            rowCount = rows
            let wanted = widths.isEmpty ? width : widths[index]
            guard (0...1 << 24).contains(wanted) else { throw OperatorError("a width of \(wanted)") }
            parts.append((try input.converted(toFloating: Float.self), width, wanted))
        }
        let rows = rowCount ?? 0
        let total = parts.reduce(0) { $0 + $1.wanted }
        var y = try context.memory(Float.self, 0, Shape(rows, total))
        for row in 0..<rows {
            var column = 0
            for part in parts {
                // Narrower inputs are filled up with zeros, wider ones cut.
                for index in 0..<part.wanted {
                    y[row * total + column] = index < part.width ? part.values[row * part.width + index] : 0
                    column += 1
                }
            }
        }
        context.set(0, Shape(rows, total), y)
    }
}

extension OperatorTable {
    static let encodingOperators: [String: OperatorEntry] = {
        let last = classicalLast
        var entries: [String: OperatorEntry] = [
            "LabelEncoder": OperatorEntry(1...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in
                guard description.version == 1 else { return try LabelEncoderKernel(description) }
                let names = try description.strings("classes_strings") ?? []
                return CategoryMapperKernel(
                    names: names, numbers: names.indices.map { Int64($0) },
                    defaultName: try description.string("default_string", default: "_Unused"),
                    defaultNumber: Int64(try description.integer("default_int64", default: -1)))
            },
            "CategoryMapper": OperatorEntry(1...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in
                let names = try description.strings("cats_strings") ?? []
                let numbers = try description.longs("cats_int64s") ?? []
                guard names.count == numbers.count else { throw OperatorError("categories of two lengths") }
                return CategoryMapperKernel(
                    names: names, numbers: numbers,
                    defaultName: try description.string("default_string", default: "_Unused"),
                    defaultNumber: Int64(try description.integer("default_int64", default: -1)))
            },
            "OneHotEncoder": OperatorEntry(1...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in
                let elements: TensorElements
                if let names = try description.strings("cats_strings"), !names.isEmpty {
                    elements = .string(names)
                } else {
                    elements = .int64(try description.longs("cats_int64s") ?? [])
                }
                let keys = Tensor(shape: Shape(elements.count), elements: elements)
                return CategoryOneHotKernel(
                    keys: try KeyTable(keys), count: elements.count,
                    allowsUnknown: try description.flag("zeros", default: true))
            },
        ]
        entries["ArrayFeatureExtractor"] = OperatorEntry(1...last, 2...2) { _ in FeatureExtractorKernel() }
        entries["FeatureVectorizer"] = OperatorEntry(1...last, 1...ONNXPorts.most) {
            (description) throws(OperatorError) -> any OperatorKernel in
            FeatureVectorizerKernel(widths: try description.integers("inputdimensions") ?? [])
        }
        // Its maps are the columns of the scores by name; requests get the columns.
        entries["ZipMap"] = OperatorEntry(1...last, 1...1) { _ in IdentityKernel() }
        return entries
    }()
}
