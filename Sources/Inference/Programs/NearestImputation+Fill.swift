// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

extension NearestImputation {
    /// `row` with its missing numbers filled in; of rows at one distance, the first ones count.
    func append(_ row: [Double], to result: inout [Double]) {
        guard row.contains(where: \.isNaN) else { return result.append(contentsOf: row) }
        let rowCount = points.count / row.count
        let distances = (0..<rowCount).map { squaredDistance(row, $0 * row.count) }
        for (column, number) in row.enumerated() {
            result.append(number.isNaN ? fill(column, distances, width: row.count) : number)
        }
    }

    /// NaN where the two have no column in common.
    private func squaredDistance(_ row: [Double], _ start: Int) -> Double {
        var sum = 0.0
        var shared = 0
        for (index, number) in row.enumerated() {
            let difference = number - points[start + index]
            if difference.isNaN { continue }
            sum += difference * difference
            shared += 1
        }
        return shared == 0 ? .nan : sum * Double(row.count) / Double(shared)
    }

    private func fill(_ column: Int, _ distances: [Double], width: Int) -> Double {
        let known = distances.indices.filter { !points[$0 * width + column].isNaN }
        if known.isEmpty { return 0 }
        let comparable = known.filter { !distances[$0].isNaN }
        if comparable.isEmpty {
            return known.reduce(0) { $0 + points[$1 * width + column] } / Double(known.count)
        }
        let nearest = comparable.sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(neighbourCount)
        let hasSame = distances[nearest[0]] == 0
        var (total, weightSum) = (0.0, 0.0)
        for index in nearest {
            var weight = 1.0
            if isWeighted {
                weight = hasSame ? (distances[index] == 0 ? 1 : 0) : 1 / distances[index].squareRoot()
            }
            total += points[index * width + column] * weight
            weightSum += weight
        }
        return total / weightSum
    }
}
