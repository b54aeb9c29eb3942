// SPDX-License-Identifier: Apache-2.0

/// Normalises a layer's sums over the rows of a batch, then scales and shifts them by what is learned (Ioffe
/// and Szegedy 2015); rows that are not learned from are normalised by running averages.
struct BatchNormalization: Sendable {
    var scales: AdamParameters
    var shifts: AdamParameters
    private(set) var runningMeans: [Float]
    private(set) var runningVariances: [Float]
    private var inverseDeviations: [Float]
    /// The normalised sums of the last batch, before scale and shift.
    private var normalized: [Float] = []

    private static let (momentum, epsilon): (Float, Float) = (0.1, 1e-5)

    init(width: Int) {
        scales = AdamParameters([Float](repeating: 1, count: width))
        shifts = AdamParameters([Float](repeating: 0, count: width))
        runningMeans = [Float](repeating: 0, count: width)
        runningVariances = [Float](repeating: 1, count: width)
        inverseDeviations = runningMeans
    }

    /// As it was when these were saved; all lists are of one length.
    init(scales: AdamParameters, shifts: AdamParameters, runningMeans: [Float], runningVariances: [Float]) {
        self.scales = scales
        self.shifts = shifts
        self.runningMeans = runningMeans
        self.runningVariances = runningVariances
        inverseDeviations = [Float](repeating: 0, count: runningMeans.count)
    }

    private var width: Int { runningMeans.count }

    /// `sums` is row-major [rows, width].
    mutating func forward(_ sums: inout [Float], rows: Int) {
        let width = width
        normalized = [Float](repeating: 0, count: rows * width)
        for unit in 0..<width {
            var mean: Float = 0
            for row in 0..<rows { mean += sums[row * width + unit] }
            mean /= Float(rows)
            var variance: Float = 0
            for row in 0..<rows {
                let error = sums[row * width + unit] - mean
                variance += error * error
            }
            variance /= Float(rows)
            let inverse = 1 / (variance + Self.epsilon).squareRoot()
            inverseDeviations[unit] = inverse
            for row in 0..<rows {
                let place = row * width + unit
                normalized[place] = (sums[place] - mean) * inverse
                sums[place] = normalized[place] * scales.values[unit] + shifts.values[unit]
            }
            // The running variance is that of all rows, not of a sample's.
            let spread = rows > 1 ? variance * Float(rows) / Float(rows - 1) : variance
            runningMeans[unit] += Self.momentum * (mean - runningMeans[unit])
            runningVariances[unit] += Self.momentum * (spread - runningVariances[unit])
        }
    }

    /// Turns the slopes by the outputs into those by the sums, and leaves those of scales and shifts.
    mutating func backward(_ slopes: inout [Float], rows: Int) {
        let width = width
        for unit in 0..<width {
            var (total, product): (Float, Float) = (0, 0)
            for row in 0..<rows {
                total += slopes[row * width + unit]
                product += slopes[row * width + unit] * normalized[row * width + unit]
            }
            shifts.gradients[unit] = total
            scales.gradients[unit] = product
            let factor = scales.values[unit] * inverseDeviations[unit] / Float(rows)
            for row in 0..<rows {
                let place = row * width + unit
                slopes[place] = factor * (Float(rows) * slopes[place] - total - normalized[place] * product)
            }
        }
    }

    /// What it does to the sums of a unit at the end: sum · factor + addend.
    func folded(_ unit: Int) -> (factor: Float, addend: Float) {
        let factor = scales.values[unit] / (runningVariances[unit] + Self.epsilon).squareRoot()
        return (factor, shifts.values[unit] - runningMeans[unit] * factor)
    }
}
