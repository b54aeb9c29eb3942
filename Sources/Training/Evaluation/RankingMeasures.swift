// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Measures of rankings: rows of the same query are put into the order of their scores.
package enum RankingMeasures {
    /// The mean over the queries of the normalised discounted cumulative gain, as in scikit-learn: the gain
    /// is the relevance itself, rows of equal score share their places. `places` nil counts all. A query
    /// without any relevance counts 0.
    package static func ndcg(
        relevance: [Double], scores: [Double], queries: [Int], places: Int? = nil
    ) -> Double {
        var rowsByQuery: [Int: [Int]] = [:]
        for (row, query) in queries.enumerated() { rowsByQuery[query, default: []].append(row) }
        let sum = rowsByQuery.keys.sorted().reduce(0.0) { sum, query in
            sum + ndcg(rowsByQuery[query] ?? [], relevance, scores, places)
        }
        return sum / Double(rowsByQuery.count)
    }

    private static func ndcg(
        _ rows: [Int], _ relevance: [Double], _ scores: [Double], _ places: Int?
    ) -> Double {
        let places = min(places ?? rows.count, rows.count)
        let discounts = (0..<rows.count).map { $0 < places ? 1 / log2(Double($0 + 2)) : 0 }
        let ideal = zip(rows.map { relevance[$0] }.sorted(by: >), discounts).reduce(0) { $0 + $1.0 * $1.1 }
        guard ideal > 0 else { return 0 }
        let order = rows.sorted { scores[$0] > scores[$1] }
        var gain = 0.0
        var start = 0
        while start < order.count {
            var end = start
            var (relevances, discount) = (0.0, 0.0)
            while end < order.count, scores[order[end]] == scores[order[start]] {
                relevances += relevance[order[end]]
                discount += discounts[end]
                end += 1
            }
            gain += relevances * discount / Double(end - start)
            start = end
        }
        return gain / ideal
    }
}
