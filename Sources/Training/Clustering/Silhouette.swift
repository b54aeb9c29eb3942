// SPDX-License-Identifier: Apache-2.0

/// How well rows lie in their groups: for each row (b − a) / max(a, b), where a is its mean distance to the
/// rows of its group and b the least mean distance to those of another (Rousseeuw 1987).
enum Silhouette {
    /// The mean over the rows; a row alone in its group counts 0. `features` is row-major. Nil with fewer
    /// than two groups. Costs rows² distances.
    static func mean(_ features: [Double], featureCount: Int, groups: [Int32], groupCount: Int) -> Double? {
        var sizes = [Int](repeating: 0, count: groupCount)
        for group in groups { sizes[Int(group)] += 1 }
        guard sizes.count(where: { $0 > 0 }) >= 2 else { return nil }
        var sum = 0.0
        for row in groups.indices {
            let own = Int(groups[row])
            guard sizes[own] > 1 else { continue }
            var totals = [Double](repeating: 0, count: groupCount)
            for other in groups.indices where other != row {
                var squares = 0.0
                for index in 0..<featureCount {
                    let difference =
                        features[row * featureCount + index]
                        - features[other * featureCount + index]
                    squares += difference * difference
                }
                totals[Int(groups[other])] += squares.squareRoot()
            }
            let inside = totals[own] / Double(sizes[own] - 1)
            let outside =
                (0..<groupCount).filter { $0 != own && sizes[$0] > 0 }
                .map { totals[$0] / Double(sizes[$0]) }.min() ?? 0
            sum += max(inside, outside) > 0 ? (outside - inside) / max(inside, outside) : 0
        }
        return sum / Double(groups.count)
    }
}
