// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// y = f(x), element by element.
struct UnaryKernel: FusibleKernel {
    let function: UnaryFunction

    var answersRowsAlone: Bool { true }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        switch x.elements {
        case .float32(let values):
            var y = try context.memory(Float.self, 0, x.shape)
            var span = y.mutableSpan
            var target = span._mutatingExtracting(0..<x.count)
            function.apply(values.span, &target)
            context.set(0, x.shape, y)
        case .float64(let values):
            var y = try context.memory(Double.self, 0, x.shape)
            var span = y.mutableSpan
            var target = span._mutatingExtracting(0..<x.count)
            function.apply(values.span, &target)
            context.set(0, x.shape, y)
        case .int64(let values):
            let y = try integers(values.prefix(x.count))
            context.set(0, x.shape, y)
        case .uint64(let values):
            guard [.abs, .identity, .relu].contains(function.name) else {
                let y = try integers(values.prefix(x.count).map { Int64(bitPattern: $0) }[...])
                return context.set(0, x.shape, y.map { UInt64(bitPattern: $0) })
            }
            context.set(0, x)
        default: throw OperatorError("\(function.name.rawValue) of \(x.type) is not defined")
        }
    }

    private func integers(_ values: ArraySlice<Int64>) throws(OperatorError) -> [Int64] {
        switch function.name {
        case .abs: return values.map { $0 < 0 ? 0 &- $0 : $0 }
        case .neg: return values.map { 0 &- $0 }
        case .sign: return values.map { $0.signum() }
        case .relu: return values.map { max(0, $0) }
        case .ceil, .floor, .round, .identity: return Array(values)
        default:
            return values.map { Int64(truncating: function.value(Double($0))) }
        }
    }

    /// Two affine functions are one; nothing else is joined here.
    func fused(with next: any OperatorKernel, others: [Tensor?]) -> (any OperatorKernel)? { nil }

    static func entry(
        _ name: UnaryFunction.Name, _ versions: ClosedRange<Int> = 1...OperatorTable.standardLast
    ) -> OperatorEntry {
        OperatorEntry(versions, 1...1, widening: .narrowing([0])) { _ in
            UnaryKernel(function: UnaryFunction(name: name))
        }
    }

    /// `alpha` and `beta` from attributes of other names and with defaults.
    static func entry(
        _ name: UnaryFunction.Name, _ versions: ClosedRange<Int>, alpha: (String, Float),
        beta: (String, Float)? = nil
    ) -> OperatorEntry {
        OperatorEntry(versions, 1...1, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            var function = UnaryFunction(name: name)
            function.alpha = Double(try description.float(alpha.0, default: alpha.1))
            if let beta { function.beta = Double(try description.float(beta.0, default: beta.1)) }
            return UnaryKernel(function: function)
        }
    }
}

extension OperatorTable {
    static let unaryOperators: [String: OperatorEntry] = {
        let last = standardLast
        var entries: [String: OperatorEntry] = [
            "Abs": UnaryKernel.entry(.abs), "Neg": UnaryKernel.entry(.neg),
            "Sign": UnaryKernel.entry(.sign, 9...last), "Ceil": UnaryKernel.entry(.ceil),
            "Floor": UnaryKernel.entry(.floor), "Round": UnaryKernel.entry(.round, 11...last),
            "Sqrt": UnaryKernel.entry(.sqrt), "Exp": UnaryKernel.entry(.exp),
            "Log": UnaryKernel.entry(.log), "Reciprocal": UnaryKernel.entry(.reciprocal),
            "Sin": UnaryKernel.entry(.sin, 7...last), "Cos": UnaryKernel.entry(.cos, 7...last),
            "Tan": UnaryKernel.entry(.tan, 7...last), "Asin": UnaryKernel.entry(.asin, 7...last),
            "Acos": UnaryKernel.entry(.acos, 7...last), "Atan": UnaryKernel.entry(.atan, 7...last),
            "Sinh": UnaryKernel.entry(.sinh, 9...last), "Cosh": UnaryKernel.entry(.cosh, 9...last),
            "Tanh": UnaryKernel.entry(.tanh), "Asinh": UnaryKernel.entry(.asinh, 9...last),
            "Acosh": UnaryKernel.entry(.acosh, 9...last), "Atanh": UnaryKernel.entry(.atanh, 9...last),
            "Sigmoid": UnaryKernel.entry(.sigmoid), "Relu": UnaryKernel.entry(.relu),
            "HardSwish": UnaryKernel.entry(.hardSwish, 14...last),
            "Softplus": UnaryKernel.entry(.softplus), "Softsign": UnaryKernel.entry(.softsign),
            "Erf": UnaryKernel.entry(.erf, 9...last), "Mish": UnaryKernel.entry(.mish, 18...last),
        ]
        entries["LeakyRelu"] = UnaryKernel.entry(.leakyRelu, 1...last, alpha: ("alpha", 0.01))
        entries["Elu"] = UnaryKernel.entry(.elu, 1...last, alpha: ("alpha", 1))
        entries["Celu"] = UnaryKernel.entry(.celu, 12...last, alpha: ("alpha", 1))
        entries["Selu"] = UnaryKernel.entry(
            .selu, 6...last, alpha: ("alpha", 1.67326319217681884765625),
            beta: ("gamma", 1.05070102214813232421875))
        entries["ThresholdedRelu"] = UnaryKernel.entry(.thresholdedRelu, 10...last, alpha: ("alpha", 1))
        entries["HardSigmoid"] = UnaryKernel.entry(
            .hardSigmoid, 1...last, alpha: ("alpha", 0.2), beta: ("beta", 0.5))
        entries["Shrink"] = UnaryKernel.entry(
            .shrink, 9...last, alpha: ("bias", 0), beta: ("lambd", 0.5))
        entries["Swish"] = UnaryKernel.entry(.swish, 24...last, alpha: ("alpha", 1))
        entries["Gelu"] = OperatorEntry(20...last, 1...1, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            switch try description.string("approximate", default: "none") {
            case "none": return UnaryKernel(function: UnaryFunction(name: .gelu))
            case "tanh": return UnaryKernel(function: UnaryFunction(name: .geluTanh))
            case let other: throw OperatorError("the approximation \"\(other)\" is not known")
            }
        }
        entries["Not"] = OperatorEntry(1...last, 1...1) { _ in PredicateKernel(predicate: .not) }
        entries["IsNaN"] = OperatorEntry(9...last, 1...1, widening: .narrowing([])) { _ in
            PredicateKernel(predicate: .isNaN)
        }
        entries["IsInf"] = OperatorEntry(10...last, 1...1, widening: .narrowing([])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            PredicateKernel(
                predicate: .isInfinite(
                    negative: try description.flag("detect_negative", default: true),
                    positive: try description.flag("detect_positive", default: true)))
        }
        entries["Identity"] = OperatorEntry(1...last, 1...1) { _ in IdentityKernel() }
        entries["Dropout"] = OperatorEntry(1...last, 1...3, outputs: 1...2) {
            (description) throws(OperatorError) -> any OperatorKernel in
            if case .bool(let flags)? = description.constant(2)?.elements, flags.first == true {
                throw OperatorError(unsupported: "training mode is not done here")
            }
            return DropoutKernel()
        }
        entries["BitwiseNot"] = OperatorEntry(18...last, 1...1, widening: .narrowing([0])) { _ in
            PredicateKernel(predicate: .bitwiseNot)
        }
        return entries
    }()
}

/// Answers yes or no of every element (and `BitwiseNot`, which is as simple).
struct PredicateKernel: OperatorKernel {
    enum Predicate: Sendable {
        case not, isNaN, bitwiseNot
        case isInfinite(negative: Bool, positive: Bool)
    }

    let predicate: Predicate

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let count = x.count
        switch (predicate, x.elements) {
        case (.not, .bool(let values)): context.set(0, x.shape, values.prefix(count).map { !$0 })
        case (.bitwiseNot, .int64(let values)): context.set(0, x.shape, values.prefix(count).map { ~$0 })
        case (.bitwiseNot, .uint64(let values)): context.set(0, x.shape, values.prefix(count).map { ~$0 })
        case (.isNaN, .float32(let values)): context.set(0, x.shape, values.prefix(count).map(\.isNaN))
        case (.isNaN, .float64(let values)): context.set(0, x.shape, values.prefix(count).map(\.isNaN))
        case (.isInfinite(let negative, let positive), .float32(let values)):
            context.set(
                0, x.shape, values.prefix(count).map { $0.isInfinite && ($0 < 0 ? negative : positive) })
        case (.isInfinite(let negative, let positive), .float64(let values)):
            context.set(
                0, x.shape, values.prefix(count).map { $0.isInfinite && ($0 < 0 ? negative : positive) })
        default: throw OperatorError("it is not defined for \(x.type)")
        }
    }
}

struct IdentityKernel: OperatorKernel {
    var answersRowsAlone: Bool { true }

    func run(_ context: inout OperatorContext) throws(OperatorError) { context.set(0, try context.input(0)) }
}

/// Outside training nothing is dropped.
struct DropoutKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        if case .bool(let flags)? = context.optionalInput(2)?.elements, flags.first == true {
            throw OperatorError("training mode is not done here")
        }
        context.set(0, x)
        if context.wants(1) { context.set(1, x.shape, [Bool](repeating: true, count: x.count)) }
    }
}
