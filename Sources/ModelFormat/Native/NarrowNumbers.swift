// SPDX-License-Identifier: Apache-2.0

/// Numbers in fewer bytes than their type takes, where nothing is lost by it: the narrow tensors of
/// docs/reference/model-format.md.
package enum NarrowNumbers {
    /// The Float16 next to each number.
    package static func float16(_ number: Double) -> Double { Double(Float16(number)) }

    /// The step of a row of whole numbers from -127 to 127 that covers numbers up to `largest`: with its 16
    /// bits the product with any of them is a Float32, and the step is found again from the largest product.
    package static func step(largest: Double) -> Float {
        let exact = Float(largest / 127)
        let rounded = Float(bitPattern: exact.bitPattern & 0xFFFF_FF00)
        // Not compared with `exact`, which may itself be rounded down.
        return Double(rounded) * 127 < largest ? Float(bitPattern: rounded.bitPattern + 0x100) : rounded
    }

    /// The bits of numbers that are Float16s; nil when one is not.
    static func float16Bits(_ numbers: [Double]) -> [UInt16]? {
        var bits: [UInt16] = []
        bits.reserveCapacity(numbers.count)
        for number in numbers {
            let narrow = Float16(number)
            guard Double(narrow) == number else { return nil }
            bits.append(narrow.bitPattern)
        }
        return bits
    }

    /// Whole numbers and a step for each row, with which the numbers come out again; nil when they do not.
    static func int8(_ numbers: [Double], rows: Int) -> (values: [Int8], steps: [Float])? {
        let width = numbers.count / max(rows, 1)
        var values: [Int8] = []
        var steps: [Float] = []
        values.reserveCapacity(numbers.count)
        for row in 0..<rows {
            let own = numbers[row * width..<(row + 1) * width]
            let largest = own.reduce(0) { max($0, abs($1)) }
            let step = Float(largest / 127)
            guard step.isFinite, Double(step) * 127 == largest else { return nil }
            steps.append(step)
            for number in own {
                let whole = step == 0 ? 0 : (number / Double(step)).rounded()
                guard abs(whole) <= 127, Double(Float(whole) * step) == number else { return nil }
                values.append(Int8(whole))
            }
        }
        return (values, steps)
    }
}

extension GraphWriter {
    /// Narrow tensors in the place of those that they hold all numbers of.
    static func narrowed(_ graph: ModelGraph) throws(FormatError) -> [(name: String, tensor: Tensor)] {
        var narrow: [String: [(name: String, tensor: Tensor)]] = [:]
        func add(_ name: String, _ numbers: [Double], rows: Int? = nil) {
            let shape = rows.map { [$0, numbers.count / max($0, 1)] }
            if let rows, let (values, steps) = NarrowNumbers.int8(numbers, rows: rows) {
                narrow[name] = [(name, Tensor(values, shape: shape)), ("\(name).steps", Tensor(steps))]
            } else if let bits = NarrowNumbers.float16Bits(numbers) {
                narrow[name] = [(name, Tensor(float16: bits, shape: shape))]
            }
        }
        switch graph.estimator {
        case .linear(let model):
            add("estimator.coefficients", model.coefficients, rows: model.outputCount)
        case .multilayerPerceptron(let model):
            for (index, layer) in model.layers.enumerated() {
                add(
                    "estimator.layers.\(index).weights", layer.weights.map(Double.init),
                    rows: layer.outputCount)
            }
        case .treeEnsemble(let model):
            add("estimator.values", model.values)
            add("estimator.covers", model.covers.map(Double.init))
            narrow["estimator.features"] = whole(model.features).map { [("estimator.features", $0)] }
            for (name, children) in [("estimator.lefts", model.lefts), ("estimator.rights", model.rights)] {
                narrow[name] = distances(children).map { [(name, $0)] }
            }
        case .rowProgram, .operatorGraph: break
        }
        return try tensors(graph).flatMap { narrow[$0.name] ?? [$0] }
    }

    private static func whole(_ numbers: [Int32]) -> Tensor? {
        if let narrow = converted(numbers, to: Int8.self) { return Tensor(narrow) }
        return converted(numbers, to: Int16.self).map { Tensor($0) }
    }

    /// How far behind its parent a child is; 0 for none.
    private static func distances(_ children: [Int32]) -> Tensor? {
        let steps = children.enumerated().map { $1 < 0 ? 0 : $1 - Int32(truncatingIfNeeded: $0) }
        return converted(steps, to: Int16.self).map { Tensor($0) }
    }

    private static func converted<Narrow: FixedWidthInteger>(_ numbers: [Int32], to: Narrow.Type) -> [Narrow]?
    {
        var narrow: [Narrow] = []
        narrow.reserveCapacity(numbers.count)
        for number in numbers {
            guard let value = Narrow(exactly: number) else { return nil }
            narrow.append(value)
        }
        return narrow
    }
}

extension GraphReader {
    /// The numbers of a narrow tensor; nil when `name` is of the type that its table says.
    mutating func narrow(_ name: String, count: Int?, rows: Int?) throws(FormatError) -> [Double]? {
        switch type(of: name) {
        case .float16:
            let bits: [UInt16] =
                if let rows { try matrix(name, .float16, rows: rows) } else {
                    try vector(name, .float16, count: count)
                }
            return bits.map { Double(Float16(bitPattern: $0)) }
        case .int8:
            guard let rows else { return nil }
            let values: [Int8] = try matrix(name, .int8, rows: rows)
            let steps: [Float] = try vector("\(name).steps", .float32, count: rows)
            let width = values.count / max(rows, 1)
            return values.enumerated().map { Double(Float($1) * steps[$0 / max(width, 1)]) }
        default: return nil
        }
    }

    /// Whole numbers of the type I32, or narrower.
    mutating func wholeNumbers(_ name: String, count: Int?) throws(FormatError) -> [Int32] {
        switch type(of: name) {
        case .int8:
            let narrow: [Int8] = try vector(name, .int8, count: count)
            return narrow.map { Int32($0) }
        case .int16:
            let narrow: [Int16] = try vector(name, .int16, count: count)
            return narrow.map { Int32($0) }
        default: return try vector(name, .int32, count: count)
        }
    }

    /// Children by their index, or as I16 by their distance from the parent.
    mutating func children(_ name: String, count: Int) throws(FormatError) -> [Int32] {
        guard type(of: name) == .int16 else { return try vector(name, .int32, count: count) }
        let distances: [Int16] = try vector(name, .int16, count: count)
        return distances.enumerated().map { index, distance in
            distance == 0 ? -1 : Int32(truncatingIfNeeded: index) &+ Int32(distance)
        }
    }
}
