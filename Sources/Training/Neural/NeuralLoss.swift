// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a network minimises over its margins.
enum NeuralLoss: Sendable, Equatable {
    case squaredError
    /// One margin, of the second class.
    case logistic
    case softmax(classCount: Int)

    var outputCount: Int { if case .softmax(let count) = self { count } else { 1 } }

    /// The sum of the rows' losses; leaves the slopes of their mean in place of the margins, [rows, outputs].
    func evaluate(_ margins: inout [Float], _ targets: ArraySlice<Float>) -> Double {
        let share = 1 / Float(max(targets.count, 1))
        var loss = 0.0
        switch self {
        case .squaredError:
            for (row, target) in targets.enumerated() {
                let error = margins[row] - target
                loss += Double(error * error) / 2
                margins[row] = error * share
            }
        case .logistic:
            for (row, target) in targets.enumerated() {
                let margin = margins[row]
                let decay = expf(-abs(margin))
                loss += Double(log1pf(decay) + max(target > 0.5 ? -margin : margin, 0))
                let probability = margin >= 0 ? 1 / (1 + decay) : decay / (1 + decay)
                margins[row] = (probability - target) * share
            }
        case .softmax(let count):
            for (row, target) in targets.enumerated() {
                let first = row * count
                var largest = margins[first]
                for index in first..<first + count { largest = max(largest, margins[index]) }
                var sum: Float = 0
                let own = margins[first + Int(target)] - largest
                for index in first..<first + count {
                    margins[index] = expf(margins[index] - largest)
                    sum += margins[index]
                }
                loss += Double(logf(sum) - own)
                for index in first..<first + count { margins[index] *= share / sum }
                margins[first + Int(target)] -= share
            }
        }
        return loss
    }
}
