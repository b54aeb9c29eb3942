// SPDX-License-Identifier: Apache-2.0
internal import Base
import Glibc
internal import ModelFormat

/// Converts elements to another type.
struct CastKernel: OperatorKernel {
    /// Nil: the type of the second input (`CastLike`).
    let type: ElementType?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let target = try type.or(context.input(1).type)
        if x.type == .float32 && target == .float64 || x.type == .int64 && target == .float32 {
            try convertInPlace(x, to: target, &context)
        } else {
            context.set(0, x.type == target ? x : try x.cast(to: target))
        }
    }

    /// The two that pipelines do for every request, into memory that is there.
    private func convertInPlace(
        _ x: Tensor, to target: ElementType, _ context: inout OperatorContext
    ) throws(OperatorError) {
        switch x.elements {
        case .float32(let values):
            var y = try context.memory(Double.self, 0, x.shape)
            for index in 0..<x.count { y[index] = Double(values[index]) }
            context.set(0, x.shape, y)
        case .int64(let values):
            var y = try context.memory(Float.self, 0, x.shape)
            for index in 0..<x.count { y[index] = Float(values[index]) }
            context.set(0, x.shape, y)
        default: context.set(0, try x.cast(to: target))
        }
    }
}

extension Tensor {
    /// The tensor with its elements converted as ONNX's Cast says: floats to integers towards zero, numbers
    /// to booleans by "not zero", numbers to text in their shortest form.
    func cast(to type: ElementType) throws(OperatorError) -> Tensor {
        if type == self.type { return self }
        if case .string(let texts) = elements {
            return try Tensor.parse(texts.prefix(count), as: type, shape: shape)
        }
        let elements: TensorElements
        switch type {
        case .float32: elements = .float32(try converted(toFloating: Float.self))
        case .float64: elements = .float64(try converted(toFloating: Double.self))
        case .float16: elements = .float16(try converted(toFloating: Float.self).map { Float16($0) })
        case .bfloat16: elements = .bfloat16(try converted(toFloating: Float.self).map { BFloat16($0) })
        case .int64: elements = .int64(try convertedToLongs())
        case .int32: elements = .int32(try convertedToLongs().map { Int32(truncatingIfNeeded: $0) })
        case .int16: elements = .int16(try convertedToLongs().map { Int16(truncatingIfNeeded: $0) })
        case .int8: elements = .int8(try convertedToLongs().map { Int8(truncatingIfNeeded: $0) })
        case .uint8: elements = .uint8(try convertedToLongs().map { UInt8(truncatingIfNeeded: $0) })
        case .uint16: elements = .uint16(try convertedToLongs().map { UInt16(truncatingIfNeeded: $0) })
        case .uint32: elements = .uint32(try convertedToLongs().map { UInt32(truncatingIfNeeded: $0) })
        case .uint64: elements = .uint64(try convertedToUnsigned())
        case .bool: elements = .bool(try convertedToBooleans())
        case .string: elements = .string(try convertedToTexts())
        }
        return Tensor(shape: shape, elements: elements)
    }

    private func convertedToUnsigned() throws(OperatorError) -> [UInt64] {
        switch elements {
        case .float32(let array): return array.prefix(count).map { UInt64(truncating: Double($0)) }
        case .float64(let array): return array.prefix(count).map { UInt64(truncating: $0) }
        default: return try convertedToLongs().map { UInt64(bitPattern: $0) }
        }
    }

    private func convertedToBooleans() throws(OperatorError) -> [Bool] {
        switch elements {
        case .float32(let array): array.prefix(count).map { $0 != 0 }
        case .float64(let array): array.prefix(count).map { $0 != 0 }
        case .float16, .bfloat16: try converted(toFloating: Float.self).map { $0 != 0 }
        default: try convertedToLongs().map { $0 != 0 }
        }
    }

    private func convertedToTexts() throws(OperatorError) -> [String] {
        switch elements {
        case .float32(let array): array.prefix(count).map { Tensor.text($0) }
        case .float64(let array): array.prefix(count).map { Tensor.text($0) }
        case .float16, .bfloat16: try converted(toFloating: Float.self).map { Tensor.text($0) }
        case .bool(let array): array.prefix(count).map { $0 ? "1" : "0" }
        case .uint64(let array): array.prefix(count).map { "\($0)" }
        default: try convertedToLongs().map { "\($0)" }
        }
    }

    /// Eight significant digits for Float32 and seventeen for Float64, trailing zeros left out, as ONNX
    /// Runtime prints them.
    private static func text<Value: BinaryFloatingPoint & CVarArg>(_ value: Value) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-INF" : "INF" }
        let digits: Int32 = Value.self == Float.self ? 8 : 17
        var buffer = [CChar](repeating: 0, count: 64)
        // Safe because vsnprintf writes at most the 64 bytes that the buffer has, and a %.*g of 17 digits
        // fits.
        let length = unsafe withVaList([digits, Double(value)]) { arguments in
            unsafe vsnprintf(&buffer, 64, "%.*g", arguments)
        }
        return String(
            decoding: buffer.prefix(max(0, Int(length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Texts as numbers; "INF" and "NaN" in any case among the floats.
    private static func parse(
        _ texts: ArraySlice<String>, as type: ElementType, shape: Shape
    ) throws(OperatorError) -> Tensor {
        func bad(_ text: String) -> OperatorError { OperatorError("\"\(text.prefix(40))\" is no \(type)") }
        switch type {
        case .float32, .float64, .float16, .bfloat16:
            var values: [Double] = []
            for text in texts {
                guard let value = number(text) else { throw bad(text) }
                values.append(value)
            }
            if type == .float32 {
                // Rounded once, from the text.
                return Tensor(
                    shape: shape,
                    elements: .float32(zip(texts, values).map { Float($0.0) ?? Float($0.1) }))
            }
            return try Tensor(shape: shape, elements: .float64(values)).cast(to: type)
        case .uint64:
            var values: [UInt64] = []
            for text in texts {
                guard let value = UInt64(text) else { throw bad(text) }
                values.append(value)
            }
            return Tensor(shape: shape, elements: .uint64(values))
        case .bool, .string: throw OperatorError("strings cannot become \(type)")
        default:
            var values: [Int64] = []
            for text in texts {
                if let value = Int64(text) {
                    values.append(value)
                } else if let value = number(text) {
                    values.append(Int64(truncating: value))
                } else {
                    throw bad(text)
                }
            }
            return try Tensor(shape: shape, elements: .int64(values)).cast(to: type)
        }
    }

    private static func number(_ text: String) -> Double? {
        let trimmed = text.drop { $0 == " " }
        if let value = Double(String(trimmed)) { return value }
        switch trimmed.lowercased() {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan": return .nan
        default: return nil
        }
    }
}

extension UInt64 {
    /// Towards zero; what does not fit wraps or is 0.
    init(truncating value: Double) {
        if value >= 0 && value < 18_446_744_073_709_549_568 {
            self = UInt64(value)
        } else {
            self = UInt64(bitPattern: Int64(truncating: value))
        }
    }
}

/// Keeps elements between two bounds.
struct ClipKernel: OperatorKernel {
    /// Bounds that are attributes, up to operator set 10.
    var minimum: Float?
    var maximum: Float?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let low = context.optionalInput(1)
        let high = context.optionalInput(2)
        if case .float32(let values) = x.elements {
            let low = try low?.floats("the minimum").first ?? minimum ?? -Float.infinity
            let high = try high?.floats("the maximum").first ?? maximum ?? Float.infinity
            var y = try context.memory(Float.self, 0, x.shape)
            for index in 0..<x.count {
                let value = values[index] < low ? low : values[index]
                y[index] = value > high ? high : value
            }
            return context.set(0, x.shape, y)
        }
        switch x.elements {
        case .float64(let values):
            let low = try low?.array(Double.self).first ?? minimum.map { Double($0) } ?? -Double.infinity
            let high = try high?.array(Double.self).first ?? maximum.map { Double($0) } ?? Double.infinity
            context.set(
                0, x.shape,
                values.prefix(x.count).map { $0.isNaN ? $0 : Swift.min(high, Swift.max(low, $0)) })
        case .int64(let values):
            let low = try low?.array(Int64.self).first ?? .min
            let high = try high?.array(Int64.self).first ?? .max
            context.set(0, x.shape, values.prefix(x.count).map { Swift.min(high, Swift.max(low, $0)) })
        case .uint64(let values):
            let low = try low?.array(UInt64.self).first ?? .min
            let high = try high?.array(UInt64.self).first ?? .max
            context.set(0, x.shape, values.prefix(x.count).map { Swift.min(high, Swift.max(low, $0)) })
        default: throw OperatorError("clipping \(x.type) is not defined")
        }
    }
}

extension OperatorTable {
    static let castOperators: [String: OperatorEntry] = {
        let last = standardLast
        return [
            "Cast": OperatorEntry(6...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in
                guard let type = try description.elementType("to") else {
                    throw OperatorError("the attribute \"to\" is missing")
                }
                return CastKernel(type: type)
            },
            "CastLike": OperatorEntry(15...last, 2...2) { _ in CastKernel(type: nil) },
            "Clip": OperatorEntry(1...last, 1...3, widening: .narrowing([0])) {
                (description) throws(OperatorError) -> any OperatorKernel in
                guard description.version < 11 else { return ClipKernel() }
                return ClipKernel(
                    minimum: description.has("min") ? try description.float("min", default: 0) : nil,
                    maximum: description.has("max") ? try description.float("max", default: 0) : nil)
            },
        ]
    }()
}
