// SPDX-License-Identifier: Apache-2.0

extension ColumnStage {
    /// The most exponents, words and columns that a stage may speak of.
    public static let exponentMax = 64
    public static let wordsMax = 8
    public static let outputCountMax = 1 << 20

    /// Checks the stage against what its inputs hold, and says what its outputs do.
    func outputKinds(
        _ inputs: [ColumnFrame.Kind], part: String
    ) throws(FormatError) -> [ColumnFrame.Kind] {
        if inputs.isEmpty { throw .invalidValue(part: "\(part).inputs", reason: "there is none") }
        if outputs.isEmpty || outputs.count > ColumnStage.outputCountMax {
            throw .invalidValue(
                part: "\(part).outputs", reason: "there are \(outputs.count), not 1 to 1,048,576")
        }
        let numbers = [ColumnFrame.Kind](repeating: .number, count: outputs.count)
        switch operation {
        case .fill(let values):
            try checkColumnwise(part)
            try check(values, inputs.count, "\(part).values") { $0.isFinite }
            for (value, kind) in zip(values, inputs) {
                if case .coded(let count) = kind, Int(exactly: value).map({ $0 >= 0 && $0 < count }) != true {
                    throw .invalidValue(
                        part: "\(part).values", reason: "\(value) is no code of \(count) categories")
                }
            }
            try checkNoText(inputs, part)
            return inputs
        case .missingIndicator:
            try checkColumnwise(part)
            return numbers
        case .rescale(let offsets, let divisors):
            try checkNumbers(inputs, part)
            try check(offsets, inputs.count, "\(part).offsets") { $0.isFinite }
            try check(divisors, inputs.count, "\(part).divisors") { $0.isFinite && $0 != 0 }
        case .multiplyAdd(let multipliers, let addends):
            try checkNumbers(inputs, part)
            try check(multipliers, inputs.count, "\(part).multipliers") { $0.isFinite }
            try check(addends, inputs.count, "\(part).addends") { $0.isFinite }
        case .clip(let minimums, let maximums):
            try checkNumbers(inputs, part)
            try check(minimums, inputs.count, "\(part).minimums") { !$0.isNaN }
            try check(maximums, inputs.count, "\(part).maximums") { !$0.isNaN }
            if zip(minimums, maximums).contains(where: { $0 > $1 }) {
                throw .invalidValue(part: "\(part).minimums", reason: "one is above its maximum")
            }
        case .function: try checkNumbers(inputs, part)
        case .power(_, let lambdas):
            try checkNumbers(inputs, part)
            try check(lambdas, inputs.count, "\(part).lambdas") { $0.isFinite }
        case .quantile(let quantiles, let count, _):
            try checkNumbers(inputs, part)
            try checkQuantiles(quantiles, count, inputs.count, part)
        case .bin(let edges):
            try checkNumbers(inputs, part)
            try checkEdges(edges, inputs.count, part)
            return edges.map { .coded(count: $0.count + 1) }
        case .keep:
            try checkColumnwise(part)
            return inputs
        case .oneHot, .lookup, .dateParts, .polynomial, .normalize, .hash, .textHash, .termWeights, .project:
            try checkJoint(inputs, part)
        }
        return numbers
    }

    /// Checks an operation whose outputs are not each made of one input.
    private func checkJoint(_ inputs: [ColumnFrame.Kind], _ part: String) throws(FormatError) {
        switch operation {
        case .oneHot(let positions):
            let count = try checkCodes(inputs, part)
            try checkCount(positions.count, count + 2, "\(part).positions")
            if !positions.allSatisfy({ $0 >= -1 && $0 < outputs.count }) {
                throw .invalidValue(part: "\(part).positions", reason: "one is no output")
            }
        case .lookup(let values):
            let count = try checkCodes(inputs, part)
            try check(values, outputs.count * (count + 2), "\(part).values") { !$0.isInfinite }
        case .dateParts(let parts):
            try checkSingle(inputs, is: .date, part)
            try checkCount(parts.count, outputs.count, "\(part).parts")
        case .polynomial(let powers):
            try checkKinds(inputs, part)
            try checkProduct(powers.count, part: "\(part).powers")
            if !powers.allSatisfy({ $0 >= 0 && $0 <= ColumnStage.exponentMax }) {
                throw .invalidValue(
                    part: "\(part).powers", reason: "one is not from 0 to \(ColumnStage.exponentMax)")
            }
        case .normalize: try checkNumbers(inputs, part)
        case .hash: try checkSingle(inputs, is: .text, part)
        case .textHash(let rule, _):
            try checkSingle(inputs, is: .text, part)
            try check(rule, part)
        case .termWeights(let rule, let terms, let weights, _):
            try checkSingle(inputs, is: .text, part)
            try check(rule, part)
            try checkCount(terms.count, outputs.count, "\(part).term_starts")
            try check(weights, outputs.count, "\(part).weights") { $0.isFinite }
            if Set(terms).count != terms.count {
                throw .invalidValue(part: "\(part).term_bytes", reason: "a term occurs twice")
            }
        case .project(let means, let components):
            try checkKinds(inputs, part)
            try check(means, inputs.count, "\(part).means") { $0.isFinite }
            try checkProduct(components.count, part: "\(part).components")
            if !components.allSatisfy(\.isFinite) {
                throw .invalidValue(part: "\(part).components", reason: "a number is not finite")
            }
        case .fill, .missingIndicator, .rescale, .multiplyAdd, .clip, .function, .power, .quantile, .bin,
            .keep:
            break
        }
    }

    private func checkNumbers(_ inputs: [ColumnFrame.Kind], _ part: String) throws(FormatError) {
        try checkColumnwise(part)
        try checkKinds(inputs, part)
    }

    /// Dates are numbers too, and so are codes: the bins of a number have an order.
    private func checkKinds(_ inputs: [ColumnFrame.Kind], _ part: String) throws(FormatError) {
        try checkNoText(inputs, part)
    }

    private func checkNoText(_ kinds: [ColumnFrame.Kind], _ part: String) throws(FormatError) {
        if let index = kinds.firstIndex(of: .text) {
            throw .invalidValue(
                part: "\(part).inputs", reason: "\"\(inputs[index])\" is a text, not a number")
        }
    }

    private func checkColumnwise(_ part: String) throws(FormatError) {
        try checkCount(outputs.count, inputs.count, "\(part).outputs")
    }

    private func checkSingle(
        _ kinds: [ColumnFrame.Kind], is wanted: ColumnFrame.Kind, _ part: String
    ) throws(FormatError) {
        try checkCount(kinds.count, 1, "\(part).inputs")
        if kinds[0] != wanted {
            throw .invalidValue(
                part: "\(part).inputs",
                reason: "\"\(inputs[0])\" is \(kinds[0].name), not \(wanted.name)")
        }
    }

    private func checkCodes(_ kinds: [ColumnFrame.Kind], _ part: String) throws(FormatError) -> Int {
        try checkCount(kinds.count, 1, "\(part).inputs")
        guard case .coded(let count) = kinds[0] else {
            throw .invalidValue(
                part: "\(part).inputs", reason: "\"\(inputs[0])\" is \(kinds[0].name), not a category")
        }
        return count
    }

    private func checkQuantiles(
        _ quantiles: [Double], _ count: Int, _ columns: Int, _ part: String
    ) throws(FormatError) {
        let part = "\(part).quantiles"
        if count < 2 { throw .invalidValue(part: part, reason: "a column has fewer than 2") }
        let (expected, overflow) = count.multipliedReportingOverflow(by: columns)
        if overflow { throw .sizeOverflow(part: part) }
        try check(quantiles, expected, part) { $0.isFinite }
        for index in quantiles.indices where index % count > 0 && quantiles[index] < quantiles[index - 1] {
            throw .invalidValue(part: part, reason: "those of a column do not ascend")
        }
    }

    private func checkEdges(_ edges: [[Double]], _ columns: Int, _ part: String) throws(FormatError) {
        try checkCount(edges.count, columns, "\(part).starts")
        for list in edges {
            if !list.allSatisfy(\.isFinite) || zip(list, list.dropFirst()).contains(where: { $0 >= $1 }) {
                throw .invalidValue(
                    part: "\(part).values", reason: "the edges of a column are not finite and ascending")
            }
        }
    }

    private func check(_ rule: TextRule, _ part: String) throws(FormatError) {
        if rule.wordsMin < 1 || rule.wordsMin > rule.wordsMax || rule.wordsMax > ColumnStage.wordsMax {
            throw .invalidValue(
                part: "\(part).words_min",
                reason: "\(rule.wordsMin) to \(rule.wordsMax) words a term is not within 1 to 8")
        }
    }

    private func check(
        _ values: [Double], _ count: Int, _ part: String, _ allows: (Double) -> Bool
    ) throws(FormatError) {
        try checkCount(values.count, count, part)
        if let value = values.first(where: { !allows($0) }) {
            throw .invalidValue(part: part, reason: "\(value) is not allowed")
        }
    }

    private func checkProduct(_ found: Int, part: String) throws(FormatError) {
        let (expected, overflow) = inputs.count.multipliedReportingOverflow(by: outputs.count)
        if overflow { throw .sizeOverflow(part: part) }
        try checkCount(found, expected, part)
    }

    private func checkCount(_ found: Int, _ expected: Int, _ part: String) throws(FormatError) {
        if found != expected {
            throw .invalidValue(part: part, reason: "\(found) entries where \(expected) belong")
        }
    }
}
