// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

enum BinaryFunction: String, Sendable {
    case add, sub, mul, div, pow, mod, fmod, min, max, prelu
    case and, or, xor
    case equal, less, lessOrEqual, greater, greaterOrEqual
    case bitAnd, bitOr, bitXor, shiftLeft, shiftRight
}

/// z = f(x, y), stretched to a common shape.
struct BinaryKernel: OperatorKernel {
    let function: BinaryFunction
    /// Operator sets before 7: where the second shape begins in the first's axes; nil for NumPy's rules.
    var legacyAxis: Int?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        var y = try context.input(1)
        if let legacyAxis { y.shape = try legacyShape(y.shape, in: x.shape, axis: legacyAxis) }
        if function == .pow { return try power(x, y, &context) }
        let broadcast = try Broadcast(x.shape, y.shape)
        switch (x.elements, y.elements) {
        case (.float32(let x), .float32(let y)): try floats(x, y, broadcast, &context)
        case (.float64(let x), .float64(let y)): try doubles(x, y, broadcast, &context)
        case (.int64(let x), .int64(let y)): try longs(x, y, broadcast, &context)
        case (.uint64(let x), .uint64(let y)): try unsigned(x, y, broadcast, &context)
        case (.bool(let x), .bool(let y)): try booleans(x, y, broadcast, &context)
        case (.string(let x), .string(let y)) where function == .equal:
            try write(x, y, broadcast, &context) { $0 == $1 }
        default: throw OperatorError("\(function.rawValue) of \(x.type) and \(y.type) is not defined")
        }
    }

    /// `axis` says where the smaller shape's first axis lies; -1: at the end.
    private func legacyShape(_ shape: Shape, in target: Shape, axis: Int) throws(OperatorError) -> Shape {
        let first = axis < 0 ? target.rank - shape.rank : axis
        let trailing = target.rank - first - shape.rank
        guard first >= 0, trailing >= 0 else { throw OperatorError("shapes do not fit at axis \(axis)") }
        return Shape(shape.dimensions + [Int](repeating: 1, count: trailing))
    }

    @inline(__always)
    private func write<Element, Result: TensorElement>(
        _ x: [Element], _ y: [Element], _ broadcast: Broadcast, _ context: inout OperatorContext,
        _ function: (Element, Element) -> Result
    ) throws(OperatorError) {
        var result = try context.memory(Result.self, 0, broadcast.shape)
        var span = result.mutableSpan
        broadcast.apply(x.span, y.span, &span, function)
        context.set(0, broadcast.shape, result)
    }

    private func floats(
        _ x: [Float], _ y: [Float], _ shape: Broadcast, _ context: inout OperatorContext
    ) throws(OperatorError) {
        switch function {
        case .add: try write(x, y, shape, &context) { $0 + $1 }
        case .sub: try write(x, y, shape, &context) { $0 - $1 }
        case .mul: try write(x, y, shape, &context) { $0 * $1 }
        case .div: try write(x, y, shape, &context) { $0 / $1 }
        case .fmod: try write(x, y, shape, &context) { fmodf($0, $1) }
        case .mod: try write(x, y, shape, &context) { Float(flooredRemainder(Double($0), Double($1))) }
        case .min: try write(x, y, shape, &context) { $0.isNaN || $0 < $1 ? $0 : $1 }
        case .max: try write(x, y, shape, &context) { $0.isNaN || $0 > $1 ? $0 : $1 }
        case .prelu: try write(x, y, shape, &context) { $0 < 0 ? $0 * $1 : $0 }
        case .equal: try write(x, y, shape, &context) { $0 == $1 }
        case .less: try write(x, y, shape, &context) { $0 < $1 }
        case .lessOrEqual: try write(x, y, shape, &context) { $0 <= $1 }
        case .greater: try write(x, y, shape, &context) { $0 > $1 }
        case .greaterOrEqual: try write(x, y, shape, &context) { $0 >= $1 }
        default: throw undefined(.float32)
        }
    }

    private func doubles(
        _ x: [Double], _ y: [Double], _ shape: Broadcast, _ context: inout OperatorContext
    ) throws(OperatorError) {
        switch function {
        case .add: try write(x, y, shape, &context) { $0 + $1 }
        case .sub: try write(x, y, shape, &context) { $0 - $1 }
        case .mul: try write(x, y, shape, &context) { $0 * $1 }
        case .div: try write(x, y, shape, &context) { $0 / $1 }
        case .fmod: try write(x, y, shape, &context) { Glibc.fmod($0, $1) }
        case .mod: try write(x, y, shape, &context) { flooredRemainder($0, $1) }
        case .min: try write(x, y, shape, &context) { $0.isNaN || $0 < $1 ? $0 : $1 }
        case .max: try write(x, y, shape, &context) { $0.isNaN || $0 > $1 ? $0 : $1 }
        case .prelu: try write(x, y, shape, &context) { $0 < 0 ? $0 * $1 : $0 }
        case .equal: try write(x, y, shape, &context) { $0 == $1 }
        case .less: try write(x, y, shape, &context) { $0 < $1 }
        case .lessOrEqual: try write(x, y, shape, &context) { $0 <= $1 }
        case .greater: try write(x, y, shape, &context) { $0 > $1 }
        case .greaterOrEqual: try write(x, y, shape, &context) { $0 >= $1 }
        default: throw undefined(.float64)
        }
    }

    private func longs(
        _ x: [Int64], _ y: [Int64], _ shape: Broadcast, _ context: inout OperatorContext
    ) throws(OperatorError) {
        switch function {
        case .add: try write(x, y, shape, &context) { $0 &+ $1 }
        case .sub: try write(x, y, shape, &context) { $0 &- $1 }
        case .mul: try write(x, y, shape, &context) { $0 &* $1 }
        case .div: try write(x, y, shape, &context) { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).0 }
        case .fmod:
            try write(x, y, shape, &context) { $1 == 0 ? 0 : $0.remainderReportingOverflow(dividingBy: $1).0 }
        case .mod: try write(x, y, shape, &context) { flooredRemainder($0, $1) }
        case .min: try write(x, y, shape, &context) { Swift.min($0, $1) }
        case .max: try write(x, y, shape, &context) { Swift.max($0, $1) }
        case .prelu: try write(x, y, shape, &context) { $0 < 0 ? $0 &* $1 : $0 }
        case .equal: try write(x, y, shape, &context) { $0 == $1 }
        case .less: try write(x, y, shape, &context) { $0 < $1 }
        case .lessOrEqual: try write(x, y, shape, &context) { $0 <= $1 }
        case .greater: try write(x, y, shape, &context) { $0 > $1 }
        case .greaterOrEqual: try write(x, y, shape, &context) { $0 >= $1 }
        case .bitAnd: try write(x, y, shape, &context) { $0 & $1 }
        case .bitOr: try write(x, y, shape, &context) { $0 | $1 }
        case .bitXor: try write(x, y, shape, &context) { $0 ^ $1 }
        case .shiftLeft: try write(x, y, shape, &context) { $1 < 0 ? 0 : $0 << $1 }
        case .shiftRight: try write(x, y, shape, &context) { $0 >> ($1 < 0 ? 64 : $1) }
        default: throw undefined(.int64)
        }
    }

    private func unsigned(
        _ x: [UInt64], _ y: [UInt64], _ shape: Broadcast, _ context: inout OperatorContext
    ) throws(OperatorError) {
        switch function {
        case .add: try write(x, y, shape, &context) { $0 &+ $1 }
        case .sub: try write(x, y, shape, &context) { $0 &- $1 }
        case .mul: try write(x, y, shape, &context) { $0 &* $1 }
        case .div: try write(x, y, shape, &context) { $1 == 0 ? 0 : $0 / $1 }
        case .mod, .fmod: try write(x, y, shape, &context) { $1 == 0 ? 0 : $0 % $1 }
        case .min: try write(x, y, shape, &context) { Swift.min($0, $1) }
        case .max: try write(x, y, shape, &context) { Swift.max($0, $1) }
        case .prelu: try write(x, y, shape, &context) { a, _ in a }
        case .equal: try write(x, y, shape, &context) { $0 == $1 }
        case .less: try write(x, y, shape, &context) { $0 < $1 }
        case .lessOrEqual: try write(x, y, shape, &context) { $0 <= $1 }
        case .greater: try write(x, y, shape, &context) { $0 > $1 }
        case .greaterOrEqual: try write(x, y, shape, &context) { $0 >= $1 }
        case .bitAnd: try write(x, y, shape, &context) { $0 & $1 }
        case .bitOr: try write(x, y, shape, &context) { $0 | $1 }
        case .bitXor: try write(x, y, shape, &context) { $0 ^ $1 }
        case .shiftLeft: try write(x, y, shape, &context) { $0 << $1 }
        case .shiftRight: try write(x, y, shape, &context) { $0 >> $1 }
        default: throw undefined(.uint64)
        }
    }

    private func booleans(
        _ x: [Bool], _ y: [Bool], _ shape: Broadcast, _ context: inout OperatorContext
    ) throws(OperatorError) {
        switch function {
        case .and: try write(x, y, shape, &context) { $0 && $1 }
        case .or: try write(x, y, shape, &context) { $0 || $1 }
        case .xor: try write(x, y, shape, &context) { $0 != $1 }
        case .equal: try write(x, y, shape, &context) { $0 == $1 }
        default: throw undefined(.bool)
        }
    }

    private func undefined(_ type: ElementType) -> OperatorError {
        OperatorError("\(function.rawValue) of \(type) is not defined")
    }

    /// The exponent may have another type than the base, whose type the result has.
    private func power(_ x: Tensor, _ y: Tensor, _ context: inout OperatorContext) throws(OperatorError) {
        let broadcast = try Broadcast(x.shape, y.shape)
        switch (x.elements, y.elements) {
        case (.float32(let base), .float32(let exponent)):
            try write(base, exponent, broadcast, &context) { $1 == 2 ? $0 * $0 : powf($0, $1) }
        case (.float32, _):
            let base = try x.converted(toFloating: Double.self)
            let exponent = try y.converted(toFloating: Double.self)
            try write(base, exponent, broadcast, &context) { Float(Glibc.pow($0, $1)) }
        case (.float64(let base), _):
            let exponent = try y.converted(toFloating: Double.self)
            try write(base, exponent, broadcast, &context) { Glibc.pow($0, $1) }
        case (.int64(let base), .int64(let exponent)):
            try write(base, exponent, broadcast, &context) { integerPower($0, $1) }
        case (.int64, _):
            let base = try x.converted(toFloating: Double.self)
            let exponent = try y.converted(toFloating: Double.self)
            try write(base, exponent, broadcast, &context) { Int64(truncating: Glibc.pow($0, $1)) }
        case (.uint64, _):
            let base = try x.convertedToLongs()
            let exponent = try y.convertedToLongs()
            try write(base, exponent, broadcast, &context) { UInt64(bitPattern: integerPower($0, $1)) }
        default: throw undefined(x.type)
        }
    }
}

private func flooredRemainder(_ x: Double, _ y: Double) -> Double {
    let remainder = fmod(x, y)
    return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder
}

private func flooredRemainder(_ x: Int64, _ y: Int64) -> Int64 {
    if y == 0 { return 0 }
    let remainder = x.remainderReportingOverflow(dividingBy: y).0
    return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder
}

private func integerPower(_ base: Int64, _ exponent: Int64) -> Int64 {
    if exponent < 0 { return base == 1 ? 1 : base == -1 ? (exponent & 1 == 0 ? 1 : -1) : 0 }
    var result: Int64 = 1
    var factor = base
    var rest = exponent
    while rest > 0 {
        if rest & 1 == 1 { result = result &* factor }
        factor = factor &* factor
        rest >>= 1
    }
    return result
}

extension OperatorTable {
    private static func arithmetic(
        _ function: BinaryFunction, _ versions: ClosedRange<Int> = 1...standardLast,
        isComparison: Bool = false
    ) -> OperatorEntry {
        OperatorEntry(versions, 2...2, widening: .narrowing(isComparison ? [] : [0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            var kernel = BinaryKernel(function: function)
            if description.version < 7, try description.flag("broadcast") {
                kernel.legacyAxis = try description.integer("axis", default: -1)
            }
            return kernel
        }
    }

    static let binaryOperators: [String: OperatorEntry] = {
        let last = standardLast
        return [
            "Add": arithmetic(.add), "Sub": arithmetic(.sub), "Mul": arithmetic(.mul),
            "Div": arithmetic(.div), "Pow": arithmetic(.pow), "And": arithmetic(.and),
            "Or": arithmetic(.or), "Xor": arithmetic(.xor),
            "PRelu": OperatorEntry(6...last, 2...2, widening: .narrowing([0])) { _ in PReluKernel() },
            "Equal": arithmetic(.equal, isComparison: true), "Less": arithmetic(.less, isComparison: true),
            "Greater": arithmetic(.greater, isComparison: true),
            "LessOrEqual": arithmetic(.lessOrEqual, 12...last, isComparison: true),
            "GreaterOrEqual": arithmetic(.greaterOrEqual, 12...last, isComparison: true),
            "BitwiseAnd": arithmetic(.bitAnd, 18...last), "BitwiseOr": arithmetic(.bitOr, 18...last),
            "BitwiseXor": arithmetic(.bitXor, 18...last),
            "Mod": OperatorEntry(10...last, 2...2, widening: .narrowing([0])) {
                (description) throws(OperatorError) -> any OperatorKernel in
                BinaryKernel(function: try description.flag("fmod") ? .fmod : .mod)
            },
            "BitShift": OperatorEntry(11...last, 2...2, widening: .narrowing([0])) {
                (description) throws(OperatorError) -> any OperatorKernel in
                switch try description.string("direction", default: "") {
                case "LEFT": return BinaryKernel(function: .shiftLeft)
                case "RIGHT": return BinaryKernel(function: .shiftRight)
                case let other: throw OperatorError("the direction \"\(other)\" is not known")
                }
            },
        ]
    }()

    private static func variadic(_ function: BinaryFunction, isMean: Bool = false) -> OperatorEntry {
        OperatorEntry(1...standardLast, 1...ONNXPorts.most, widening: .narrowing([0])) { _ in
            VariadicKernel(function: function, isMean: isMean)
        }
    }

    static let variadicOperators: [String: OperatorEntry] = [
        "Min": variadic(.min), "Max": variadic(.max), "Sum": variadic(.add),
        "Mean": variadic(.add, isMean: true),
    ]
}

/// How many inputs or outputs a node may have.
enum ONNXPorts {
    static let most = 65_536
}

/// The slope is stretched in one direction only: [C] may stand for [C, 1, 1] in old exports.
struct PReluKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        var slope = try context.input(1)
        if (try? slope.shape.broadcast(with: x.shape)) == nil, slope.shape.rank == 1, x.shape.rank > 2,
            slope.shape[0] == x.shape[1]
        {
            slope.shape = Shape([slope.shape[0]] + [Int](repeating: 1, count: x.shape.rank - 2))
        }
        context.replacements = [x, slope]
        defer { context.replacements = nil }
        try BinaryKernel(function: .prelu).run(&context)
    }
}

/// The same function over any number of inputs, from the first to the last.
struct VariadicKernel: OperatorKernel {
    let function: BinaryFunction
    let isMean: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let count = context.inputCount
        var total = try context.input(0)
        let original = context.replacements
        let binary = BinaryKernel(function: function)
        for index in 1..<max(count, 1) {
            let next = try context.input(index)
            context.replacements = [total, next]
            defer { context.replacements = original }
            try binary.run(&context)
            guard let sum = context.output(0) else { return }
            total = sum
        }
        if isMean {
            let divisor: TensorElements
            switch total.elements {
            case .float32: divisor = .float32([Float(count)])
            case .float64: divisor = .float64([Double(count)])
            default: throw OperatorError("the mean of \(total.type) is not defined")
            }
            context.replacements = [total, Tensor(shape: Shape(), elements: divisor)]
            defer { context.replacements = original }
            try BinaryKernel(function: .div).run(&context)
        } else if count == 1 {
            context.set(0, total)
        }
    }
}
