// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Proposes points where good trials are dense and others are not (Bergstra, Bardenet, Bengio, Kégl 2011).
///
/// Points lie in the unit cube of their branch. The same history and seed give the same proposal.
struct TreeParzenEstimator {
    let space: SearchSpace

    /// A trial in the cube.
    struct Observation {
        var branch: Int
        var places: [Double]
        var loss: Double
    }

    /// Of so many candidates the most promising is proposed.
    private static let candidateCount = 24
    /// The best part of the trials is what others are held against.
    private static let goodPart = 0.25

    func propose(_ history: [Observation], _ random: inout RandomSource) -> (branch: Int, places: [Double]) {
        let order = history.indices.sorted { (history[$0].loss, $0) < (history[$1].loss, $1) }
        let goodCount = max(1, Int((Self.goodPart * Double(order.count)).rounded(.up)))
        let good = order.prefix(goodCount).map { history[$0] }
        let bad = order.dropFirst(goodCount).map { history[$0] }
        var best: (branch: Int, places: [Double], score: Double)?
        for _ in 0..<Self.candidateCount {
            let branch = drawBranch(good, &random)
            let own = good.filter { $0.branch == branch }
            let others = bad.filter { $0.branch == branch }
            var score = log(branchPart(branch, good)) - log(branchPart(branch, bad))
            var places: [Double] = []
            for (index, parameter) in space.branches[branch].parameters.enumerated() {
                let near = Density(own.map { $0.places[index] }, parameter.range)
                let place = near.draw(&random)
                score += log(near.value(place))
                score -= log(Density(others.map { $0.places[index] }, parameter.range).value(place))
                places.append(place)
            }
            if score > best?.score ?? -.infinity { best = (branch, places, score) }
        }
        return best.map { ($0.branch, $0.places) } ?? (0, [])
    }

    /// One of each branch is added: none is ever out of the question.
    private func branchPart(_ branch: Int, _ trials: [Observation]) -> Double {
        let count = Double(trials.count { $0.branch == branch })
        return (count + 1) / Double(trials.count + space.branches.count)
    }

    private func drawBranch(_ trials: [Observation], _ random: inout RandomSource) -> Int {
        var rest = random.unit()
        for branch in space.branches.indices.dropLast() {
            rest -= branchPart(branch, trials)
            if rest < 0 { return branch }
        }
        return space.branches.count - 1
    }

    /// A mixture of one kernel a trial and one that is level over the whole range, each of the same weight.
    private struct Density {
        private let centres: [Double]
        private let widths: [Double]
        /// For choices: how often each was, and one.
        private let counts: [Double]

        init(_ places: [Double], _ range: TuningParameter.Range) {
            if case .choice(let values) = range {
                var counts = [Double](repeating: 1, count: values.count)
                for place in places {
                    counts[min(Int(place * Double(values.count)), values.count - 1)] += 1
                }
                (self.counts, centres, widths) = (counts, [], [])
                return
            }
            let sorted = places.sorted()
            let least = 1 / min(100, Double(places.count) + 4)
            (counts, centres) = ([], sorted)
            // As wide as the larger gap to a neighbour or an end.
            widths = sorted.indices.map { index in
                let below = sorted[index] - (index > 0 ? sorted[index - 1] : 0)
                let above = (index + 1 < sorted.count ? sorted[index + 1] : 1) - sorted[index]
                return min(max(below, above, least), 1)
            }
        }

        func draw(_ random: inout RandomSource) -> Double {
            if !counts.isEmpty {
                var rest = random.unit() * counts.reduce(0, +)
                for (index, count) in counts.enumerated() {
                    if rest < count { return (Double(index) + 0.5) / Double(counts.count) }
                    rest -= count
                }
                return (Double(counts.count) - 0.5) / Double(counts.count)
            }
            let kernel = random.index(below: centres.count + 1)
            guard kernel < centres.count else { return random.unit() }
            for _ in 0..<100 {
                // Box and Muller; what falls outside is drawn again.
                let radius = (-2 * log(1 - random.unit())).squareRoot()
                let place = centres[kernel] + widths[kernel] * radius * cos(2 * .pi * random.unit())
                if place >= 0 && place < 1 { return place }
            }
            return centres[kernel]
        }

        func value(_ place: Double) -> Double {
            if !counts.isEmpty {
                let index = min(Int(place * Double(counts.count)), counts.count - 1)
                return counts[index] / counts.reduce(0, +)
            }
            var sum = 1.0
            for (centre, width) in zip(centres, widths) {
                let distance = (place - centre) / width
                // What lies inside the range weighs one.
                let inside = Density.cumulative((1 - centre) / width) - Density.cumulative(-centre / width)
                sum += exp(-distance * distance / 2) / (width * (2 * .pi).squareRoot() * inside)
            }
            return sum / Double(centres.count + 1)
        }

        private static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
    }
}
