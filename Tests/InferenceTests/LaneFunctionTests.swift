// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Inference

/// Functions of eight numbers at a time, against those of the C library in Float64.
struct LaneFunctionTests {
    private static let functions: [(name: UnaryFunction.Name, exact: @Sendable (Double) -> Double)] = [
        (.sigmoid, { 1 / (1 + exp(-$0)) }), (.tanh, { tanh($0) }),
    ]

    private func answers(_ name: UnaryFunction.Name, _ numbers: [Float]) -> [Float] {
        var answers = numbers
        var span = answers.mutableSpan
        UnaryFunction(name: name).apply(&span)
        return answers
    }

    @Test(arguments: [0, 1]) func everyMagnitude_isNear(index: Int) {
        let (name, exact) = Self.functions[index]
        var numbers: [Float] = [0, -0.0, 0.625, -0.625, 1e-30, .leastNonzeroMagnitude]
        var size: Float = 1e-12
        while size < 86 {
            numbers += [size, -size]
            size *= 1.0007
        }
        var largest = 0.0
        for (number, answer) in zip(numbers, answers(name, numbers)) {
            let wanted = exact(Double(number))
            if wanted == 0 {
                #expect(answer == 0)
            } else {
                largest = max(largest, abs(Double(answer) - wanted) / abs(wanted))
            }
        }
        #expect(largest < 3e-7)
    }

    @Test func extremes_haveTheirLimits() {
        let extremes: [Float] = [.infinity, -.infinity, 1e30, -1e30, .nan, 200, -200]
        let logistic = answers(.sigmoid, extremes)
        #expect(logistic[0] == 1 && logistic[2] == 1 && logistic[5] == 1)
        #expect(logistic[1] < 1e-37 && logistic[3] < 1e-37 && logistic[6] >= 0)
        let tangent = answers(.tanh, extremes)
        #expect(tangent[0] == 1 && tangent[1] == -1 && tangent[2] == 1 && tangent[6] == -1)
        #expect(logistic[4].isNaN && tangent[4].isNaN)
    }

    /// Whatever stands beside a number, and wherever it stands.
    @Test(arguments: [UnaryFunction.Name.sigmoid, .tanh]) func places_doNotMatter(name: UnaryFunction.Name) {
        let numbers = (0..<29).map { Float($0) * 0.31 - 4.3 }
        let together = answers(name, numbers)
        for (number, answer) in zip(numbers, together) {
            #expect(answers(name, [number])[0].bitPattern == answer.bitPattern)
        }
        #expect(answers(name, []).isEmpty)
    }
}
