// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// Steps on numbers.
extension PreparationFitter {
    mutating func impute(
        _ chosen: [WorkingColumn], _ strategy: ImputeStrategy, _ indicator: Bool
    ) throws(TrainingError) {
        let action = PreparationAction.impute(strategy, indicator: indicator)
        // Gaps are told from values before they are filled.
        let gapped = chosen.filter { column in
            column.kind == .text || rows.contains { column.values[$0].isNaN }
        }
        var fills: [Double] = []
        for column in chosen {
            fills.append(try fill(column, strategy))
        }
        if indicator {
            try run(gapped, gapped.map { "\($0.name)_missing" }, .missingIndicator, action)
        }
        try run(
            chosen, chosen.map(\.name), .fill(values: fills), action, categories: chosen.map(\.categories))
    }

    private func fill(_ column: WorkingColumn, _ strategy: ImputeStrategy) throws(TrainingError) -> Double {
        switch (strategy, column.kind) {
        case (_, .text):
            throw .preprocessing(
                step: "impute", column: column.name,
                reason: "it is a text; a missing text has no terms anyway")
        case (.constant(let value), .number), (.constant(let value), .date): return value
        case (.mostFrequent, .coded):
            let codes = rows.map { column.values[$0] }.filter { $0 >= 0 }
            guard !codes.isEmpty else { _ = try present(column, "impute"); return 0 }
            return SampleStatistics.mostFrequent(codes)
        case (.category(let name), .coded):
            guard let code = column.categories.firstIndex(of: name) else {
                throw .preprocessing(
                    step: "impute", column: column.name,
                    reason: "\"\(name)\" is none of its categories in the training rows")
            }
            return Double(code)
        case (.mean, .number), (.mean, .date):
            return FittedStages.moments(try present(column, "impute")).mean
        case (.median, .number), (.median, .date):
            return FittedStages.median(try present(column, "impute"))
        case (.mostFrequent, _): return SampleStatistics.mostFrequent(try present(column, "impute"))
        case (.mean, .coded), (.median, .coded), (.constant, .coded):
            throw .preprocessing(
                step: "impute", column: column.name,
                reason: "it is a category; use most_frequent, or a category as the constant")
        case (.category, .number), (.category, .date):
            throw .preprocessing(
                step: "impute", column: column.name, reason: "the constant must be a number")
        }
    }

    mutating func scale(_ chosen: [WorkingColumn], _ method: ScaleMethod) throws(TrainingError) {
        try requireNumbers(chosen, "scale")
        var offsets: [Double] = []
        var divisors: [Double] = []
        for column in chosen {
            let values = try present(column, "scale")
            let (offset, divisor) = scaling(values, method)
            offsets.append(offset)
            divisors.append(divisor)
        }
        let names = chosen.map(\.name)
        let action = PreparationAction.scale(method)
        guard case .minMax(let low, let high, let clips) = method else {
            return try run(chosen, names, .rescale(offsets: offsets, divisors: divisors), action)
        }
        try run(chosen, names, .multiplyAdd(multipliers: divisors, addends: offsets), action)
        if clips {
            let scaled = columns.filter { names.contains($0.name) }
            try run(
                scaled, scaled.map(\.name),
                .clip(minimums: scaled.map { _ in low }, maximums: scaled.map { _ in high }), action)
        }
    }

    /// What is taken off, and what the rest is divided by, never 0; for `minMax` what is added at the end,
    /// and what the value is multiplied by before.
    private func scaling(_ values: [Double], _ method: ScaleMethod) -> (offset: Double, divisor: Double) {
        switch method {
        case .standard:
            let (mean, deviation) = FittedStages.scale(values)
            return (mean, deviation)
        case .robust:
            let sorted = values.sorted()
            let width =
                SampleStatistics.quantile(0.75, of: sorted) - SampleStatistics.quantile(0.25, of: sorted)
            return (SampleStatistics.quantile(0.5, of: sorted), nonzero(width))
        case .maxAbs: return (0, nonzero(values.reduce(0) { max($0, abs($1)) }))
        case .minMax(let low, let high, _):
            let minimum = values.min() ?? 0
            let factor = (high - low) / nonzero((values.max() ?? 0) - minimum)
            return (low - minimum * factor, factor)
        }
    }

    private func nonzero(_ width: Double) -> Double { width < 10 * Double.ulpOfOne ? 1 : width }

    mutating func transform(_ chosen: [WorkingColumn], _ method: TransformMethod) throws(TrainingError) {
        try requireNumbers(chosen, "transform")
        let names = chosen.map(\.name)
        let action = PreparationAction.transform(method)
        switch method {
        case .function(let function): try run(chosen, names, .function(function), action)
        case .quantile(let distribution, let count):
            var quantiles: [Double] = []
            var least = count
            for column in chosen { least = min(least, try present(column, "transform").count) }
            least = max(least, 2)
            for column in chosen {
                let sorted = try present(column, "transform").sorted()
                var last = -Double.infinity
                for place in SampleStatistics.evenly(least, from: 0, to: 1) {
                    last = max(last, SampleStatistics.quantile(place, of: sorted))
                    quantiles.append(last)
                }
            }
            try run(
                chosen, names,
                .quantile(quantiles: quantiles, count: least, distribution: distribution), action)
        case .power(let family, let standardizes):
            var lambdas: [Double] = []
            for column in chosen {
                let values = try present(column, "transform")
                if family == .boxCox, let value = values.first(where: { $0 <= 0 }) {
                    throw .preprocessing(
                        step: "transform", column: column.name,
                        reason: "box_cox needs numbers above 0, and there is \(value); use yeo_johnson")
                }
                let isConstant = values.allSatisfy { $0 == values[0] }
                lambdas.append(isConstant ? 1 : PowerFit.lambda(family, values))
            }
            try run(chosen, names, .power(family, lambdas: lambdas), action)
            if standardizes { try scale(columns.filter { names.contains($0.name) }, .standard) }
        }
    }

    mutating func clip(
        _ chosen: [WorkingColumn], _ minimum: Double?, _ maximum: Double?, _ lowQuantile: Double?,
        _ highQuantile: Double?
    ) throws(TrainingError) {
        try requireNumbers(chosen, "clip")
        var minimums: [Double] = []
        var maximums: [Double] = []
        for column in chosen {
            let sorted = rows.map { column.values[$0] }.filter { !$0.isNaN }.sorted()
            func bound(_ number: Double?, _ quantile: Double?, _ none: Double) -> Double {
                if let number { return number }
                guard let quantile, !sorted.isEmpty else { return none }
                return SampleStatistics.quantile(quantile, of: sorted)
            }
            minimums.append(bound(minimum, lowQuantile, -.infinity))
            maximums.append(bound(maximum, highQuantile, .infinity))
        }
        try run(
            chosen, chosen.map(\.name), .clip(minimums: minimums, maximums: maximums),
            .clip(minimum: minimum, maximum: maximum, lowQuantile: lowQuantile, highQuantile: highQuantile))
    }

    mutating func bin(
        _ chosen: [WorkingColumn], _ count: Int, _ strategy: BinStrategy
    ) throws(TrainingError) {
        try requireNumbers(chosen, "bin")
        var edges: [[Double]] = []
        for column in chosen {
            let sorted = try present(column, "bin").sorted()
            edges.append(innerEdges(sorted, count, strategy))
        }
        try run(
            chosen, chosen.map(\.name), .bin(edges: edges), .bin(count: count, strategy),
            categories: edges.map { (0...$0.count).map { "\($0)" } })
    }

    private func innerEdges(_ sorted: [Double], _ count: Int, _ strategy: BinStrategy) -> [Double] {
        guard let low = sorted.first, let high = sorted.last, low < high else { return [] }
        if strategy == .uniform {
            let edges = SampleStatistics.evenly(count + 1, from: low, to: high).dropFirst().dropLast()
            return zip(edges, [-.infinity] + edges).filter { $0 > $1 }.map { $0.0 }
        }
        var edges: [Double] = []
        for place in SampleStatistics.evenly(count + 1, from: 0, to: 1) {
            let edge = SampleStatistics.averagedQuantile(place, of: sorted)
            // Bins narrower than this are rounding, as scikit-learn sees it.
            if edge - (edges.last ?? -.infinity) > 1e-8 { edges.append(edge) }
        }
        return Array(edges.dropFirst().dropLast())
    }

    mutating func polynomial(
        _ chosen: [WorkingColumn], _ degree: Int, _ interactionOnly: Bool
    ) throws(TrainingError) {
        try requireNumbers(chosen, "polynomial")
        var names: [String] = []
        var powers: [Int] = []
        for size in 2...max(degree, 2) where size <= degree {
            for combination in combinations(chosen.count, size, repeats: !interactionOnly) {
                var exponents = [Int](repeating: 0, count: chosen.count)
                for place in combination { exponents[place] += 1 }
                powers += exponents
                names.append(
                    exponents.indices.filter { exponents[$0] > 0 }
                        .map {
                            exponents[$0] == 1 ? chosen[$0].name : "\(chosen[$0].name)^\(exponents[$0])"
                        }
                        .joined(separator: " "))
                if names.count > 20_000 {
                    throw .preprocessing(
                        step: "polynomial", column: nil,
                        reason:
                            "it would make more than 20,000 columns; choose fewer columns, or a lower degree")
                }
            }
        }
        guard !names.isEmpty else { return }
        try run(
            chosen, names, .polynomial(powers: powers),
            .polynomial(degree: degree, interactionOnly: interactionOnly))
    }

    /// The ways to take `size` of `count` places, in ascending order, each one once or several times.
    private func combinations(_ count: Int, _ size: Int, repeats: Bool) -> [[Int]] {
        guard size > 0 else { return [[]] }
        var found: [[Int]] = []
        func extend(_ taken: [Int]) {
            if taken.count == size { return found.append(taken) }
            if found.count > 20_000 { return }
            let first = taken.last.map { repeats ? $0 : $0 + 1 } ?? 0
            for place in first..<max(count, first) { extend(taken + [place]) }
        }
        extend([])
        return found
    }

    mutating func principalComponents(
        _ chosen: [WorkingColumn], _ count: Int, _ whiten: Bool
    ) throws(TrainingError) {
        let action = PreparationAction.principalComponents(count: count, whiten: whiten)
        try requireNumbers(chosen, action.name)
        guard count >= 1, count <= chosen.count, count <= rows.count else {
            throw .preprocessing(
                step: action.name, column: nil,
                reason: "\(count) components of \(chosen.count) columns and \(rows.count) training rows; "
                    + "ask for 1 to \(min(chosen.count, rows.count))")
        }
        var values: [[Double]] = []
        for column in chosen {
            let present = try present(column, action.name)
            if present.count < rows.count {
                throw .preprocessing(
                    step: action.name, column: column.name,
                    reason: "it has missing values; impute them before")
            }
            values.append(present)
        }
        var (means, components, variances) = PrincipalComponents.fit(values, count: count)
        if whiten {
            for component in 0..<count where variances[component] > 0 {
                for place in chosen.indices {
                    components[component * chosen.count + place] /= variances[component].squareRoot()
                }
            }
        }
        try run(
            chosen, (0..<count).map { "pca\($0)" }, .project(means: means, components: components), action,
            replaces: true)
    }
}
