// SPDX-License-Identifier: Apache-2.0
import Tabular
import Testing

@testable import ModelFormat

/// Row programs in native files.
struct NativeRowProgramTests {
    private static func features(_ count: Int) -> FeatureSchema {
        FeatureSchema(features: (0..<count).map { Feature(name: "x\($0)", kind: .numeric) })
    }

    private static let inner = ModelGraph(
        schema: features(2), estimator: .linear(LinearModel(coefficients: [1, -2], intercepts: [0.5])),
        output: OutputDescription(transform: .logistic, labels: .integers([0, 1])))

    /// Each operation over two columns, which comes back as it was.
    static let operations: [(operation: RowOperation, width: Int)] =
        [
            (.select([1, 0, 1]), 2), (.join, 2), (.constants([1, -0.0, 1e300]), 2),
            (.product(matrix: [1, 2, 3, 4, 5, 6], addends: [0, 1, 2]), 2), (.softmax, 2),
            (.oneHot(count: 3), 1), (.spread([3, 0]), 2),
            (.stages([.impute(values: [1, 2]), .select([1]), .recode([[1, 5]])]), 2),
            (.model(inner, .values), 2), (.model(inner, .margins), 2),
            (.similarity(.linear, vectors: [1, 2, 3, 4]), 2),
            (.similarity(.polynomial(gamma: 0.5, offset: 1, degree: 3), vectors: [1, 2]), 2),
            (.similarity(.radial(gamma: 0.25), vectors: [1, 2]), 2),
            (.similarity(.sigmoid(gamma: 0.25, offset: -1), vectors: [1, 2]), 2),
            (.similarity(.squaredDistance, vectors: [1, 2]), 2), (.pairVotes(classCount: 3), 3),
            (
                .nearest(
                    NearestNeighbours(
                        points: [0, 1, 2, 3], values: [5, 6], outputCount: 1, neighbourCount: 2,
                        isWeighted: true, exponent: .infinity)), 2
            ),
            (
                .imputeNearest(
                    NearestImputation(points: [0, 1, 2, 3], neighbourCount: 1, isWeighted: false)),
                2
            ),
            (.power(exponents: [0, 2], isYeoJohnson: true), 2),
            (.power(exponents: [1, 0.5], isYeoJohnson: false), 2), (.bins([[1, 2, 3], []]), 2),
            (.interpolate([RowCurve(x: [0, 1], y: [3, 4]), RowCurve(x: [5], y: [6])]), 2),
            (.monomials([[], [0, 1], [1, 1, 1]]), 2), (.weightedMedian(weights: [1, 2]), 2),
        ]
        + ["exp", "log", "log1p", "expm1", "sqrt", "square", "absolute", "negative", "logistic", "tanh"]
        .compactMap { RowFunction(rawValue: $0) }.map { (.apply($0), 2) }
        + ["relu", "is_missing"].compactMap { RowFunction(rawValue: $0) }.map { (.apply($0), 2) }
        + ["add", "subtract", "multiply", "divide", "minimum", "maximum", "above", "at_least", "equal"]
        .compactMap { RowCombination(rawValue: $0) }.map { (.combine($0), 2) } + [(.combine(.orElse), 2)]
        + ["sum", "sum_of_absolutes", "sum_of_squares", "largest", "largest_absolute", "first_largest"]
        .compactMap { RowReduction(rawValue: $0) }.map { (.reduce($0), 2) }
        + [(.reduce(.firstSmallest), 2)]

    private static func graph(_ operation: RowOperation, width: Int) throws -> ModelGraph {
        var program = RowProgram(inputWidth: width)
        let inputs: [Int] =
            switch operation {
            case .constants: []
            case .combine: [0, 0]
            default: [0]
            }
        try program.add(operation, inputs, part: "test")
        try program.add(.join, [0, 1], part: "test")
        return ModelGraph(
            schema: features(width), estimator: .rowProgram(program),
            output: OutputDescription(transform: .identity))
    }

    @Test func everyOperation_comesBackTheSame() throws {
        #expect(Self.operations.count == 53)
        for (operation, width) in Self.operations {
            let graph = try Self.graph(operation, width: width)
            for isNarrow in [false, true] {
                let file = try NativeModel.write(graph, isNarrow: isNarrow)
                let read = try NativeModel.read(file.span)
                #expect(read == graph, "\(operation.kind)")
            }
        }
    }

    /// What a file says of its program is refused with the code.
    @Test(arguments: [
        Defect(#""operation":"similarity""#, #""operation":"simulation""#, "unknown_part"),
        Defect(#""function":"radial""#, #""function":"conical""#, "unknown_part"),
        Defect(#""function":"radial""#, #""function":"linear""#, "unknown_part"),
        Defect(#","function":"radial""#, "", "unknown_part"),
        Defect(#""inputs":[0]"#, #""inputs":[7]"#, "invalid_value"),
        Defect(#""inputs":[0]"#, #""inputs":[]"#, "invalid_value"),
        Defect(#""input_width":2"#, #""input_width":3"#, "invalid_value"),
        Defect(#""input_width":2"#, #""input_width":-1"#, "invalid_value"),
        Defect(#""input_width":2"#, #""input_width":9223372036854775807"#, "invalid_value"),
        Defect(#""input_width":2,"#, "", "missing_part"),
        Defect(#""steps":["#, #""stairs":["#, "missing_part"),
        Defect("estimator.steps.0.vectors", "estimator.steps.1.vectors", "missing_part"),
    ])
    func aDefectiveProgram_isRefused(defect: Defect) throws {
        let graph = try Self.graph(.similarity(.radial(gamma: 0.25), vectors: [1, 2]), width: 2)
        var file = RawFile(try NativeModel.write(graph))
        let escaped = { (text: String) in text.replacing("\"", with: "\\\"") }
        let isInGraph = file.header.contains(escaped(defect.old))
        let old = isInGraph ? escaped(defect.old) : defect.old
        #expect(file.header.contains(old))
        file.header = file.header.replacing(old, with: isInGraph ? escaped(defect.new) : defect.new)
        let bytes = file.bytes
        let error = #expect(throws: FormatError.self) { try NativeModel.read(bytes.span) }
        #expect(error?.code == defect.code, "\(error.map(\.description) ?? "accepted")")
    }

    struct Defect: Sendable {
        var old: String
        var new: String
        var code: String

        init(_ old: String, _ new: String, _ code: String) {
            (self.old, self.new, self.code) = (old, new, code)
        }
    }

    @Test func modelsInEachOther_endAtADepth() throws {
        var graph = Self.inner
        for depth in 1...9 {
            graph = try Self.graph(.model(graph, .margins), width: 2)
            let file = try NativeModel.write(graph)
            if depth <= 8 {
                #expect(throws: Never.self) { try NativeModel.read(file.span) }
            } else {
                let error = #expect(throws: FormatError.self) { try NativeModel.read(file.span) }
                #expect(error?.code == "invalid_value")
            }
        }
    }

    /// Digests are made to fit, so that damage comes through to the program.
    @Test func flippedBits_neverTrap() throws {
        for (operation, width) in Self.operations {
            let whole = try NativeModel.write(try Self.graph(operation, width: width))
            for place in stride(from: 106, to: whole.count, by: 29) {
                var damaged = whole
                damaged[place] ^= 1 << UInt8(place % 8)
                let bytes = RawFile.redigested(damaged)
                if let read = try? NativeModel.read(bytes.span) {
                    #expect(throws: Never.self) { try read.validate() }
                }
            }
        }
    }
}
