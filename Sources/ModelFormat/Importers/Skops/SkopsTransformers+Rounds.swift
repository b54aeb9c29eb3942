// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// `IterativeImputer`: columns are guessed from each other, one after the other, in some rounds.
extension SkopsTransformers {
    mutating func imputeInRounds(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        if let marker = node["missing_values"]?.scalar?.double, !marker.isNaN {
            throw refuse(node, "missing_values=\(marker)")
        }
        if node.flag("sample_posterior") == true { throw refuse(node, "sample_posterior=True") }
        if node["_is_empty_feature"] != nil,
            try numbers(node, "_is_empty_feature").contains(where: { $0 != 0 })
        {
            throw refuse(node, "a column without any number")
        }
        let first = try numbers(try node.require("initial_imputer_"), "statistics_")
        let lows = try numbers(node, "_min_value")
        let highs = try numbers(node, "_max_value")
        let width = range.count
        guard first.count == width, lows.count == width, highs.count == width else {
            throw .wrongShape(
                part: "\(part).initial_imputer_.statistics_", expected: "[\(width)]",
                found: "[\(first.count)]")
        }
        let guesses = try self.guesses(node, width: width)
        var gaps: [Int] = []
        if node.flag("add_indicator") == true, let indicator = node["indicator_"] {
            gaps = try places(indicator, "features_")
        }
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            var own: [Int] = []
            for column in 0..<width { own.append(try program.add(.select([column]), [x], part: part)) }
            var current: [Int] = []
            for (column, number) in first.enumerated() {
                let start = try program.add(.constants([number]), [], part: part)
                current.append(try program.add(.combine(.orElse), [own[column], start], part: part))
            }
            for guess in guesses {
                let others = try program.add(.join, guess.others.map { current[$0] }, part: part)
                var value = try program.add(.model(guess.graph, .values), [others], part: part)
                let bounds = [(RowCombination.maximum, lows), (.minimum, highs)]
                for (combination, numbers) in bounds where numbers[guess.column].isFinite {
                    let bound = try program.add(.constants([numbers[guess.column]]), [], part: part)
                    value = try program.add(.combine(combination), [value, bound], part: part)
                }
                current[guess.column] = try program.add(
                    .combine(.orElse), [own[guess.column], value], part: part)
            }
            let filled = try program.add(.join, current, part: part)
            if gaps.isEmpty { return filled }
            let picked = try program.add(.select(gaps), [x], part: part)
            let marks = try program.add(.apply(.isMissing), [picked], part: part)
            return try program.add(.join, [filled, marks], part: part)
        }
    }

    /// A model that guesses one column from others.
    private struct Guess {
        var column: Int
        var others: [Int]
        var graph: ModelGraph
    }

    private func guesses(_ node: SkopsNode, width: Int) throws(FormatError) -> [Guess] {
        var guesses: [Guess] = []
        for item in try node.require("imputation_sequence_").items ?? [] {
            guard let triple = item.items, triple.count == 3 else {
                throw .invalidValue(part: item.path, reason: "it is not a column, others and a model")
            }
            let column = try archive.double(triple[0])
            let others = try archive.doubles(triple[1])
            let places = ([column] + others).compactMap { Int(exactly: $0) }
            guard places.count == others.count + 1, places.count > 1,
                places.allSatisfy({ $0 >= 0 && $0 < width })
            else { throw .invalidValue(part: item.path, reason: "its columns are not there") }
            let schema = FeatureSchema(
                features: places.dropFirst().map { Feature(name: "column \($0)", kind: .numeric) })
            let graph = try SkopsImporter.read(archive, triple[2], schema: schema)
            if graph.output.labels != nil || graph.schema != schema {
                throw refuse(node, "\(triple[2].className) as the estimator")
            }
            guesses.append(Guess(column: places[0], others: Array(places.dropFirst()), graph: graph))
        }
        return guesses
    }
}
