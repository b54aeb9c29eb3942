// SPDX-License-Identifier: Apache-2.0

/// How often each class was taken for each: weights of rows by true class (rows) and predicted class
/// (columns).
package struct ConfusionMatrix: Sendable, Equatable {
    package let classCount: Int
    /// Row-major [true class, predicted class].
    package private(set) var weights: [Double]

    package init(classCount: Int) {
        self.classCount = classCount
        weights = [Double](repeating: 0, count: classCount * classCount)
    }

    /// `probabilities` is row-major [rows, classCount]; the likeliest class is the predicted one, the first
    /// of equals. `rowWeights` has one a row; nil for 1 each.
    package init(
        probabilities: [Double], truth: [Int], classCount: Int, rowWeights: [Double]? = nil
    ) {
        self.init(classCount: classCount)
        for (row, label) in truth.enumerated() {
            let first = row * classCount
            var best = 0
            for index in 1..<max(classCount, 1)
            where probabilities[first + index] > probabilities[first + best] {
                best = index
            }
            add(truth: label, predicted: best, weight: rowWeights?[row] ?? 1)
        }
    }

    /// Counts a row of class `truth` that was taken for `predicted`.
    package mutating func add(truth: Int, predicted: Int, weight: Double = 1) {
        weights[truth * classCount + predicted] += weight
    }

    package subscript(truth: Int, predicted: Int) -> Double { weights[truth * classCount + predicted] }

    package var total: Double { weights.reduce(0, +) }

    /// The weight of the rows of a class.
    package func trueWeight(_ label: Int) -> Double {
        (0..<classCount).reduce(0) { $0 + self[label, $1] }
    }

    /// The weight of the rows that were taken for a class.
    package func predictedWeight(_ label: Int) -> Double {
        (0..<classCount).reduce(0) { $0 + self[$1, label] }
    }

    private var correct: Double { (0..<classCount).reduce(0) { $0 + self[$1, $1] } }

    package var accuracy: Double { correct / total }

    /// The mean recall of the classes that have rows.
    package var balancedAccuracy: Double {
        let present = (0..<classCount).filter { trueWeight($0) > 0 }
        return present.reduce(0) { $0 + recall($1) } / Double(present.count)
    }

    /// Of the rows taken for `label`, the part that are; 0 when there are none, as in scikit-learn.
    package func precision(_ label: Int) -> Double { ratio(self[label, label], predictedWeight(label)) }

    /// Of the rows that are `label`, the part taken for it; 0 when there are none.
    package func recall(_ label: Int) -> Double { ratio(self[label, label], trueWeight(label)) }

    /// The harmonic mean of precision and recall.
    package func f1(_ label: Int) -> Double {
        ratio(2 * self[label, label], trueWeight(label) + predictedWeight(label))
    }

    /// The mean of `measure` over the classes that occur, as truth or as prediction.
    package func macro(_ measure: (Int) -> Double) -> Double {
        let present = (0..<classCount).filter { trueWeight($0) > 0 || predictedWeight($0) > 0 }
        return present.reduce(0) { $0 + measure($1) } / Double(present.count)
    }

    /// The mean of `measure` over the rows' true classes.
    package func weighted(_ measure: (Int) -> Double) -> Double {
        (0..<classCount).reduce(0) { $0 + trueWeight($1) * measure($1) } / total
    }

    /// Matthews' correlation, for any number of classes (Gorodkin 2004); 0 when one side is constant.
    package var matthewsCorrelation: Double {
        var (crossed, predicted, actual) = (0.0, 0.0, 0.0)
        for label in 0..<classCount {
            let (isTrue, isPredicted) = (trueWeight(label), predictedWeight(label))
            crossed += isTrue * isPredicted
            predicted += isPredicted * isPredicted
            actual += isTrue * isTrue
        }
        let total = total
        let size = ((total * total - predicted) * (total * total - actual)).squareRoot()
        return size > 0 ? (correct * total - crossed) / size : 0
    }

    /// Cohen's kappa: agreement beyond what the classes' frequencies would give; 0 when undetermined.
    package var kappa: Double {
        let total = total
        let expected = (0..<classCount).reduce(0) { $0 + trueWeight($1) * predictedWeight($1) } / total
        return total > expected ? 1 - (total - correct) / (total - expected) : 0
    }

    private func ratio(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : 0 }
}
