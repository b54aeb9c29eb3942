// SPDX-License-Identifier: Apache-2.0

/// How much the rows of each class count in what is learned, times their own weight; metrics leave it out.
package enum ClassWeights: Sendable, Equatable {
    /// Rows / (classes · rows of the class): all classes count the same.
    case balanced
    /// By label; others weigh 1.
    case given([String: Double])

    /// One a class, for the training rows `rows`.
    func values(_ target: Target, _ rows: [Int]) throws(TrainingError) -> [Double] {
        guard target.task == .classification else {
            throw .setting(name: "--class-weight", value: "given", allowed: "left out: there are no classes")
        }
        switch self {
        case .balanced:
            var counts = [Double](repeating: 0, count: target.classCount)
            for row in rows { counts[Int(target.values[row])] += 1 }
            // A class without a row weighs nothing, whatever its weight.
            return counts.map { $0 == 0 ? 1 : Double(rows.count) / (Double(counts.count) * $0) }
        case .given(let weights):
            let labels = (0..<target.classCount).map { target.label($0) }
            for label in weights.keys.sorted() where !labels.contains(label) {
                throw .setting(
                    name: "--class-weight", value: "\(label)=\(weights[label] ?? 1)",
                    allowed: "of the classes \(labels.prefix(20).joined(separator: ", "))")
            }
            return labels.map { weights[$0] ?? 1 }
        }
    }
}

extension ClassWeights: CustomStringConvertible {
    package var description: String {
        switch self {
        case .balanced: "balanced"
        case .given(let weights):
            weights.keys.sorted().map { "\($0)=\(weights[$0] ?? 1)" }.joined(separator: ", ")
        }
    }
}
