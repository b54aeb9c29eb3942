// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The few formulas of scikit-learn that an importer has to follow.
enum SkopsMath {
    /// Shares of classes are kept off 0 and 1 by Float32's epsilon.
    static func clipped(_ share: Double) -> Double {
        let epsilon = Double(Float.ulpOfOne)
        return min(max(share, epsilon), 1 - epsilon)
    }

    static func logit(_ share: Double) -> Double { log(share / (1 - share)) }

    static func logarithms(_ shares: [Double], isCentred: Bool) -> [Double] {
        let logarithms = shares.map { log($0) }
        if !isCentred { return logarithms }
        let mean = logarithms.reduce(0, +) / Double(max(logarithms.count, 1))
        return logarithms.map { $0 - mean }
    }

    /// How far down a search in a random tree of `count` samples goes on average before it ends.
    static func averagePathLength(_ count: Double) -> Double {
        if count <= 1 { return 0 }
        if count == 2 { return 1 }
        let eulerGamma = 0.5772156649015329
        return 2 * (log(count - 1) + eulerGamma) - 2 * (count - 1) / count
    }

    /// Whether "1.9.1" is at least version (1, 4); true when there is no version.
    static func isVersion(_ text: String?, atLeast wanted: (major: Int, minor: Int)) -> Bool {
        guard let parts = text?.split(separator: "."), parts.count >= 2, let major = Int(parts[0]),
            let minor = Int(parts[1])
        else { return true }
        return (major, minor) >= wanted
    }
}
