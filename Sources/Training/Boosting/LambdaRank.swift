// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Ranking by what a swap of two rows would do to NDCG (Burges 2010): for each pair of rows of a group whose
/// relevance differs, a logistic loss on the difference of their margins, weighted with that change.
struct LambdaRank {
    /// Pairs count when one of the two is at most so far down.
    let truncation: Int

    /// The gain of a relevance; documents of relevance 4 are worth 15 of relevance 1.
    private static func gain(_ relevance: Double) -> Double { exp2(relevance) - 1 }
    private static func discount(_ rank: Int) -> Double { 1 / log2(Double(rank) + 2) }

    /// The group's rows by falling margin, the earlier row first among equals.
    private func order(_ rows: LossRows, _ group: Range<Int>) -> [Int] {
        group.sorted { a, b in
            let (marginA, marginB) = (rows.margin(a), rows.margin(b))
            return marginA == marginB ? a < b : marginA > marginB
        }
    }

    private func gainMax(_ rows: LossRows, _ group: Range<Int>) -> Double {
        let ideal = group.map { rows.targets[$0] }.sorted(by: >)
        var sum = 0.0
        for (rank, target) in ideal.prefix(truncation).enumerated() {
            sum += LambdaRank.gain(target) * LambdaRank.discount(rank)
        }
        return sum
    }

    func derivatives(_ rows: LossRows, into block: GradientBlocks, _ pool: WorkerPool) {
        let chunk = 64
        pool.run((rows.groups.count + chunk - 1) / chunk) { _, task in
            for index in task * chunk..<min((task + 1) * chunk, rows.groups.count) {
                derivatives(rows, rows.groups[index], into: block)
            }
        }
    }

    private func derivatives(_ rows: LossRows, _ group: Range<Int>, into block: GradientBlocks) {
        var gradients = [Double](repeating: 0, count: group.count)
        var hessians = [Double](repeating: 0, count: group.count)
        let best = gainMax(rows, group)
        let order = order(rows, group)
        var lambdaSum = 0.0
        if best > 0 {
            for first in 0..<min(truncation, order.count) {
                for second in first + 1..<max(order.count, first + 1) {
                    let (a, b) = (order[first], order[second])
                    if rows.targets[a] == rows.targets[b] { continue }
                    let (higher, lower) = rows.targets[a] > rows.targets[b] ? (a, b) : (b, a)
                    let change =
                        abs(LambdaRank.gain(rows.targets[a]) - LambdaRank.gain(rows.targets[b]))
                        * (LambdaRank.discount(first) - LambdaRank.discount(second)) / best
                    let difference = Double(rows.margin(higher) - rows.margin(lower))
                    let probability = 1 / (1 + exp(difference))
                    let lambda = change * probability
                    let curvature = change * probability * (1 - probability)
                    gradients[higher - group.lowerBound] -= lambda
                    gradients[lower - group.lowerBound] += lambda
                    hessians[higher - group.lowerBound] += curvature
                    hessians[lower - group.lowerBound] += curvature
                    lambdaSum += 2 * lambda
                }
            }
        }
        // Groups weigh alike whatever their number of pairs.
        let norm = lambdaSum > 0 ? log2(1 + lambdaSum) / lambdaSum : 1
        for row in group {
            let weight = Double(rows.weight(row)) * norm
            block.set(
                row, gradient: Float(gradients[row - group.lowerBound] * weight),
                hessian: Float(max(hessians[row - group.lowerBound], 1e-16) * weight))
        }
    }

    /// The mean NDCG of the groups down to the truncation; a group without relevant rows counts 1.
    func ndcg(_ rows: LossRows) -> Double {
        guard !rows.groups.isEmpty else { return 1 }
        var sum = 0.0
        for group in rows.groups {
            let best = gainMax(rows, group)
            guard best > 0 else {
                sum += 1
                continue
            }
            var gained = 0.0
            for (rank, row) in order(rows, group).prefix(truncation).enumerated() {
                gained += LambdaRank.gain(rows.targets[row]) * LambdaRank.discount(rank)
            }
            sum += gained / best
        }
        return sum / Double(rows.groups.count)
    }
}
