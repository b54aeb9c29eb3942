// SPDX-License-Identifier: Apache-2.0
import Base

/// `SplineTransformer`: on each stretch between two knots a spline is a polynomial, so a number becomes its
/// stretch and its distance from the stretch's beginning.
extension SkopsTransformers {
    mutating func applySplines(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let extrapolation = node.string("extrapolation") ?? "constant"
        guard ["constant", "linear", "continue", "periodic"].contains(extrapolation) else {
            throw refuse(node, "extrapolation=\"\(extrapolation)\"")
        }
        let splines = try splines(node, range)
        let outputs = splines[0].outputCount
        let stretchSum = splines.reduce(0) { $0 + $1.starts.count }
        let (size, overflow) = (range.count * outputs).multipliedReportingOverflow(by: stretchSum)
        if overflow || size > 1 << 20 { throw refuse(node, "so many knots") }
        let isFilled = node.string("handle_missing") == "zeros"
        var kept = Array(0..<range.count * outputs)
        if node.flag("include_bias") == false { kept.removeAll { $0 % outputs == outputs - 1 } }
        if kept.isEmpty { throw refuse(node, "one spline and include_bias=False") }
        let part = node.path
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            var steps = SkopsSplineSteps(program, splines, part: part)
            let all = try steps.apply(to: x, extrapolation: extrapolation, isFilled: isFilled)
            program = steps.program
            return try program.add(.select(kept), [all], part: part)
        }
    }

    private func splines(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) -> [SkopsSplines] {
        let items = try node.require("bsplines_").items ?? []
        if items.count != range.count || items.isEmpty {
            throw .wrongShape(
                part: "\(node.path).bsplines_", expected: "[\(range.count)]", found: "[\(items.count)]")
        }
        var all: [SkopsSplines] = []
        for item in items {
            let knots = try archive.doubles(try item.require("_t", or: "t"))
            let weights = try archive.doubles(try item.require("_c", or: "c"))
            let degree = Int(min(max(item["k"]?.scalar?.integer ?? 3, 0), 17))
            let basisCount = knots.count - degree - 1
            guard (1...16).contains(degree), basisCount > degree, weights.count % basisCount == 0,
                !weights.isEmpty, zip(knots, knots.dropFirst()).allSatisfy({ $0 <= $1 }),
                knots.allSatisfy(\.isFinite), knots[degree] < knots[basisCount]
            else {
                throw .invalidValue(
                    part: item.path,
                    reason: "its knots and weights are not those of a spline of degree 1 to 16")
            }
            all.append(
                SkopsSplines(
                    knots: knots, weights: weights, degree: degree,
                    outputCount: weights.count / basisCount))
        }
        let isUniform = all.allSatisfy { $0.outputCount == all[0].outputCount && $0.degree == all[0].degree }
        if !isUniform { throw refuse(node, "columns of different numbers of splines") }
        return all
    }
}
