// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Inference

@Suite struct RowProgramTests {
    /// One step over one row.
    private func answer(_ operation: RowOperation, _ row: [Double]) throws -> [Double] {
        var program = RowProgram(inputWidth: row.count)
        try program.add(operation, [0], part: "test")
        let kernel = try RowProgramKernel(program, inputCount: row.count)
        var results = [Double](repeating: 0, count: program.outputCount)
        var target = results.mutableSpan
        kernel.run(row.span, rowCount: 1, into: &target)
        return results
    }

    @Test func curves_areThoseOfTheLastPointThatIsNotAbove() throws {
        let curve = RowCurve(x: [0, 0, 1, 1, 3], y: [0, 1, 2, 4, 5])
        let found = try [-1, 0, 0.5, 1, 2, 3, 9].map {
            try answer(.interpolate([curve]), [$0])[0]
        }
        #expect(found == [0, 1, 1.5, 4, 4.5, 5, 5])
        #expect(try answer(.interpolate([curve]), [.nan])[0].isNaN)
    }

    @Test func nearestPoints_areAveragedByTheirDistances() throws {
        func neighbours(_ count: Int, isWeighted: Bool) -> RowOperation {
            .nearest(
                NearestNeighbours(
                    points: [0, 1, 3, 3], values: [10, 20, 40, 80], outputCount: 1, neighbourCount: count,
                    isWeighted: isWeighted, exponent: 2))
        }
        #expect(try answer(neighbours(2, isWeighted: false), [0.4]) == [15])
        // Of points at one distance the first.
        #expect(try answer(neighbours(1, isWeighted: false), [3]) == [40])
        #expect(try answer(neighbours(4, isWeighted: true), [3]) == [60])
        // At 1/4 and 3/4 from the two points.
        let near: Double = 4
        let far: Double = 1 / 0.75
        let sum: Double = 10 * near + 20 * far
        #expect(try answer(neighbours(2, isWeighted: true), [0.25]) == [sum / (near + far)])
    }

    @Test func medians_areWhereHalfOfTheWeightIsReached() throws {
        #expect(try answer(.weightedMedian(weights: [1, 1, 1]), [5, 1, 3]) == [3])
        #expect(try answer(.weightedMedian(weights: [1, 1, 5]), [5, 1, 9]) == [9])
        #expect(try answer(.weightedMedian(weights: [1, 1]), [2, 7]) == [2])
    }

    @Test func votes_areThoseOfEachPair() throws {
        #expect(try answer(.pairVotes(classCount: 3), [1, -1, 1]) == [1, 1, 1])
        #expect(try answer(.pairVotes(classCount: 3), [1, 1, 0]) == [2, 0, 1])
    }

    /// Blocks are cut; no row must know.
    @Test func aRow_isAnsweredTheSameInAnyCompany() throws {
        var program = RowProgram(inputWidth: 2)
        let spread = try program.add(.monomials([[], [0], [1], [0, 0], [0, 1, 1]]), [0], part: "test")
        let sum = try program.add(.reduce(.sum), [spread], part: "test")
        try program.add(.combine(.divide), [spread, sum], part: "test")
        let kernel = try RowProgramKernel(program, inputCount: 2)
        let rows = (0..<400).map { Double($0 * 37 % 101) / 7 }
        var together = [Double](repeating: 0, count: 200 * 5)
        var target = together.mutableSpan
        kernel.run(rows.span, rowCount: 200, into: &target)
        for row in 0..<200 {
            var alone = [Double](repeating: 0, count: 5)
            var target = alone.mutableSpan
            kernel.run(rows.span.extracting(row * 2..<row * 2 + 2), rowCount: 1, into: &target)
            #expect(alone == Array(together[row * 5..<row * 5 + 5]))
        }
    }

    static let wrong: [RowOperation] = [
        .select([2]), .select([-1]), .select([]), .product(matrix: [1, 2, 3], addends: [0]),
        .product(matrix: [1, .nan], addends: [0]), .oneHot(count: 3), .spread([1]), .spread([-1, 0]),
        .spread([1 << 21, 0]), .similarity(.linear, vectors: [1, 2, 3]), .similarity(.linear, vectors: []),
        .similarity(.radial(gamma: .infinity), vectors: [1, 2]), .pairVotes(classCount: 3),
        .pairVotes(classCount: 0), .power(exponents: [1], isYeoJohnson: true), .bins([[1], [.nan]]),
        .interpolate([RowCurve(x: [0], y: [0]), RowCurve(x: [1, 0], y: [0, 1])]),
        .interpolate([RowCurve(x: [0], y: [0]), RowCurve(x: [], y: [])]), .monomials([[0], [2]]),
        .weightedMedian(weights: [1, -1]), .constants([1]), .combine(.add),
        .stages([.select([7])]), .model(inner, .values),
        .nearest(
            NearestNeighbours(
                points: [1, 2], values: [1], outputCount: 1, neighbourCount: 2, isWeighted: false, exponent: 2
            )),
        .nearest(
            NearestNeighbours(
                points: [1, 2], values: [1], outputCount: .max, neighbourCount: 1, isWeighted: false,
                exponent: 2)),
    ]

    /// Of three columns.
    private static let inner = ModelGraph(
        schema: FeatureSchema(features: ["a", "b", "c"].map { Feature(name: $0, kind: .numeric) }),
        estimator: .linear(LinearModel(coefficients: [1, 2, 3], intercepts: [0])),
        output: OutputDescription(transform: .identity))

    @Test(arguments: wrong.indices) func aStepThatDoesNotFit_isRefused(index: Int) {
        var program = RowProgram(inputWidth: 2)
        #expect(throws: FormatError.self) {
            try program.add(RowProgramTests.wrong[index], [0], part: "test")
        }
        #expect(program.steps.isEmpty)
    }
}
