// SPDX-License-Identifier: Apache-2.0
import Tabular

/// Stages of named columns as ONNX nodes.
extension ONNXPipeline {
    mutating func apply(
        _ stage: ColumnStage, _ kinds: [ColumnFrame.Kind?]
    ) throws(FormatError) {
        var values: [String] = []
        for name in stage.inputs { values.append(columns.first { $0.name == name }?.value ?? name) }
        var results: [String] = []
        if stage.operation.isColumnwise {
            for (place, value) in values.enumerated() {
                results.append(try columnwise(stage.operation, value, place))
            }
        } else {
            results = try jointly(stage.operation, values, kinds[0], stage.outputs.count)
        }
        if case .keep = stage.operation { columns = [] }
        for (name, value) in zip(stage.outputs, results) {
            if let place = columns.firstIndex(where: { $0.name == name }) {
                columns[place].value = value
            } else {
                columns.append((name, value))
            }
        }
    }

    private mutating func columnwise(
        _ operation: ColumnOperation, _ x: String, _ place: Int
    ) throws(FormatError) -> String {
        switch operation {
        case .fill(let values):
            let isMissing = nodes.isMissing(x)
            return nodes.choose(isMissing, nodes.number(values[place]), x)
        case .missingIndicator: return nodes.cast(nodes.isMissing(x), .double)
        case .rescale(let offsets, let divisors):
            let shifted = nodes.add("Sub", [x, nodes.number(offsets[place])])
            return nodes.add("Div", [shifted, nodes.number(divisors[place])])
        case .multiplyAdd(let multipliers, let addends):
            let product = nodes.add("Mul", [x, nodes.number(multipliers[place])])
            return nodes.add("Add", [product, nodes.number(addends[place])])
        case .clip(let minimums, let maximums):
            let raised = bounded(x, "Less", minimums[place])
            return bounded(raised, "Greater", maximums[place])
        case .function(let function): return self.function(function, x)
        case .power(.yeoJohnson, let lambdas): return yeoJohnson(x, lambdas[place])
        case .power(.boxCox, let lambdas): return boxCox(x, lambdas[place])
        case .bin(let edges):
            if edges[place].isEmpty {
                return nodes.choose(nodes.isMissing(x), x, nodes.number(0))
            }
            let list = nodes.numbers(edges[place], shape: [1, edges[place].count])
            let isAtOrAbove = nodes.cast(nodes.add("GreaterOrEqual", [x, list]), .double)
            let count = nodes.rowSum(isAtOrAbove)
            return nodes.choose(nodes.isMissing(x), x, count)
        case .keep: return x
        case .quantile: throw refusal("a quantile transform")
        case .oneHot, .lookup, .dateParts, .polynomial, .normalize, .hash, .textHash, .termWeights, .project:
            preconditionFailure("the operation is not column-wise")
        }
    }

    func refusal(_ part: String) -> FormatError {
        .unsupported(part: part, advice: "it has no counterpart among ONNX's operators; keep the native file")
    }

    /// `x`, or `bound` where the comparison holds; NaN stays.
    private mutating func bounded(_ x: String, _ comparison: String, _ bound: Double) -> String {
        guard bound.isFinite else { return x }
        let limit = nodes.number(bound)
        return nodes.choose(nodes.add(comparison, [x, limit]), limit, x)
    }

    /// Missing where the result is not finite.
    private mutating func finite(_ x: String) -> String {
        nodes.choose(nodes.add("IsInf", [x]), nodes.number(.nan), x)
    }

    private mutating func function(_ function: ElementFunction, _ x: String) -> String {
        switch function {
        case .log: return finite(nodes.add("Log", [x]))
        case .log1p: return finite(nodes.add("Log", [nodes.add("Add", [x, nodes.number(1)])]))
        case .sqrt: return finite(nodes.add("Sqrt", [x]))
        case .square: return finite(nodes.add("Mul", [x, x]))
        case .exp: return finite(nodes.add("Exp", [x]))
        case .absolute: return nodes.add("Abs", [x])
        case .reciprocal: return finite(nodes.add("Div", [nodes.number(1), x]))
        }
    }

    /// ((x)^λ − 1) / λ, or log x at λ = 0, for x above 0.
    private mutating func powered(_ x: String, _ lambda: Double) -> String {
        if lambda == 0 { return nodes.add("Log", [x]) }
        let power = nodes.add("Pow", [x, nodes.number(lambda)])
        let shifted = nodes.add("Sub", [power, nodes.number(1)])
        return nodes.add("Div", [shifted, nodes.number(lambda)])
    }

    private mutating func yeoJohnson(_ x: String, _ lambda: Double) -> String {
        let zero = nodes.number(0)
        let one = nodes.number(1)
        let isNegative = nodes.add("Less", [x, zero])
        // Each side sees numbers of its own sign only.
        let above = nodes.add("Add", [nodes.choose(isNegative, zero, x), one])
        let below = nodes.add("Sub", [one, nodes.choose(isNegative, x, zero)])
        let negative = nodes.add("Neg", [powered(below, 2 - lambda)])
        return nodes.choose(isNegative, negative, powered(above, lambda))
    }

    private mutating func boxCox(_ x: String, _ lambda: Double) -> String {
        let isAbove = nodes.add("Greater", [x, nodes.number(0)])
        let safe = nodes.choose(isAbove, x, nodes.number(1))
        return nodes.choose(isAbove, powered(safe, lambda), nodes.number(.nan))
    }

    /// Operations whose outputs are made of several inputs, or several outputs of one.
    private mutating func jointly(
        _ operation: ColumnOperation, _ values: [String], _ kind: ColumnFrame.Kind?, _ outputCount: Int
    ) throws(FormatError) -> [String] {
        let matrix: String
        switch operation {
        case .oneHot(let positions):
            var table = [Double](repeating: 0, count: positions.count * outputCount)
            for (code, position) in positions.enumerated() where position >= 0 {
                table[code * outputCount + position] = 1
            }
            matrix = looked(values[0], table, keys: positions.count, width: outputCount)
        case .lookup(let numbers):
            let keys = numbers.count / max(outputCount, 1)
            var table = [Double](repeating: 0, count: numbers.count)
            for output in 0..<outputCount {
                for key in 0..<keys { table[key * outputCount + output] = numbers[output * keys + key] }
            }
            matrix = looked(values[0], table, keys: keys, width: outputCount)
        case .polynomial(let powers):
            return (0..<outputCount).map { output in
                product(values, Array(powers[output * values.count..<(output + 1) * values.count]))
            }
        case .normalize(let norm): matrix = normalized(nodes.joined(values), norm)
        case .project(let means, let components):
            let centred = nodes.add(
                "Sub", [nodes.joined(values), nodes.numbers(means, shape: [1, values.count])])
            matrix = product(centred, components, outputs: outputCount, inputs: values.count)
        case .dateParts(let parts): return dateParts(parts, of: values[0])
        case .hash, .textHash, .termWeights: throw refusal("a step on texts")
        case .fill, .missingIndicator, .rescale, .multiplyAdd, .clip, .function, .power, .quantile, .bin,
            .keep:
            preconditionFailure("the operation is column-wise")
        }
        return (0..<outputCount).map { nodes.column($0, of: matrix) }
    }

    /// Rows of a table by a code; behind the codes stand the rows of an unseen one and of a missing one.
    private mutating func looked(_ code: String, _ table: [Double], keys: Int, width: Int) -> String {
        let isUnseen = nodes.add("Less", [code, nodes.number(0)])
        let seen = nodes.choose(isUnseen, nodes.number(Double(keys - 2)), code)
        let known = nodes.choose(nodes.isMissing(code), nodes.number(Double(keys - 1)), seen)
        let index = nodes.cast(known, .int64)
        let rows = nodes.add(
            "Gather", [nodes.numbers(table, shape: [keys, width]), index], [ONNXNodes.whole("axis", 0)])
        // [N, 1, width]
        return nodes.add("Squeeze", [rows, nodes.indices([1])])
    }

    private mutating func product(_ values: [String], _ powers: [Int]) -> String {
        var result: String?
        for (value, power) in zip(values, powers) {
            for _ in 0..<power { result = result.map { nodes.add("Mul", [$0, value]) } ?? value }
        }
        if let result { return result }
        let one = nodes.number(1)
        return nodes.choose(nodes.isMissing(values[0]), one, one)
    }

    private mutating func normalized(_ matrix: String, _ norm: Norm) -> String {
        let length: String
        switch norm {
        case .l1: length = nodes.rowSum(nodes.add("Abs", [matrix]))
        case .l2: length = nodes.add("Sqrt", [nodes.rowSum(nodes.add("Mul", [matrix, matrix]))])
        case .max:
            length = nodes.add(
                "ReduceMax", [nodes.add("Abs", [matrix])],
                [ONNXNodes.wholes("axes", [1]), ONNXNodes.whole("keepdims", 1)])
        }
        let isZero = nodes.add("Equal", [length, nodes.number(0)])
        return nodes.add("Div", [matrix, nodes.choose(isZero, nodes.number(1), length)])
    }

    /// matrix · componentsᵀ; `components` is [outputs, inputs].
    mutating func product(
        _ matrix: String, _ components: [Double], outputs: Int, inputs: Int
    ) -> String {
        var turned = [Double](repeating: 0, count: components.count)
        for output in 0..<outputs {
            for input in 0..<inputs { turned[input * outputs + output] = components[output * inputs + input] }
        }
        return nodes.add("MatMul", [matrix, nodes.numbers(turned, shape: [inputs, outputs])])
    }
}
