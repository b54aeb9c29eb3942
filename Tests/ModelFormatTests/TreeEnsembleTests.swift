// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

/// What validation refuses in the parts of an ensemble that not every ensemble has.
@Suite struct TreeEnsembleTests {
    /// A defect, the code and the part that it is refused with.
    private struct Defect {
        var name: String
        var code: String
        var part: String
        var graph: ModelGraph

        init(
            _ name: String, _ code: String, _ part: String, in graph: ModelGraph = Graphs.forest,
            _ change: (inout TreeEnsemble) -> Void
        ) {
            (self.name, self.code, self.part) = (name, code, part)
            self.graph = graph.with { change(&$0.ensemble) }
        }
    }

    private let defects: [Defect] = [
        Defect("FP32 sums of FP64 inputs", "invalid_value", "sum_type", in: Graphs.vectors) {
            $0.rules.inputType = .float64; $0.rules.sumType = .float32
        },
        Defect("a threshold that is no Float32", "invalid_value", "values[0]", in: Graphs.trees) {
            $0.values[0] = 0.1
        },
        Defect("a base margin that is no Float32", "invalid_value", "base_margins[0]", in: Graphs.trees) {
            $0.baseMargins[0] = 1e300
        },
        Defect("an infinite scale", "invalid_value", "scale", in: Graphs.vectors) {
            $0.rules.aggregation = .scaled(.infinity)
        },
        Defect("a flag too few", "wrong_shape", "zeros_missing") { $0.zerosMissing.removeLast() },
        Defect("a cover too few", "wrong_shape", "covers") { $0.covers.removeLast() },
        Defect("a negative cover", "invalid_value", "covers[1]") { $0.covers[1] = -1 },
        Defect("a cover of NaN", "invalid_value", "covers[1]") { $0.covers[1] = .nan },
        Defect("a set too few", "wrong_shape", "category_sets") { $0.categories?.sets.removeLast() },
        Defect("a set of no number", "invalid_value", "category_sets[1]") { $0.categories?.sets[1] = 1 },
        Defect("a set -2", "invalid_value", "category_sets[1]") { $0.categories?.sets[1] = -2 },
        Defect("a set of a leaf", "invalid_value", "category_sets[2]") { $0.categories?.sets[2] = 0 },
        Defect("sets that begin late", "invalid_value", "category_starts") { $0.categories?.starts[0] = 1 },
        Defect("sets beyond the words", "invalid_value", "category_starts") { $0.categories?.starts[1] = 3 },
        Defect("sets that go back", "invalid_value", "category_starts[2]") {
            $0.categories?.starts = [0, 5, 2]
        },
        Defect("no set at all", "invalid_value", "category_starts") { $0.categories?.starts = [] },
        Defect("a set of 2^24 codes and more", "invalid_value", "category_starts[0]") {
            $0.rules.categoryRule = .negativeIsNoMember
            $0.categories?.words = Array(repeating: 0, count: 1 << 19 + 1)
            $0.categories?.starts = [0, 1 << 19 + 1]
        },
        Defect("a leaf number too few", "wrong_shape", "leaf_numbers") { $0.leafNumbers.removeLast() },
        Defect("a constant too few", "wrong_shape", "linear_constants") {
            $0.linearLeaves?.constants.removeLast()
        },
        Defect("a coefficient too few", "wrong_shape", "linear_coefficients") {
            $0.linearLeaves?.coefficients.removeLast()
        },
        Defect("a coefficient of NaN", "invalid_value", "linear_constants") {
            $0.linearLeaves?.coefficients[0] = .nan
        },
        Defect("terms that go back", "invalid_value", "linear_starts[2]") { $0.linearLeaves?.starts[1] = 3 },
        Defect("terms of too few leaves", "wrong_shape", "linear_starts") {
            $0.linearLeaves?.starts.removeFirst()
        },
        Defect("a term of no column", "invalid_value", "linear_features[0]") {
            $0.linearLeaves?.features[0] = 3
        },
        Defect("vectors and linear leaves", "invalid_value", "linear_constants") {
            $0.leafVectors = [1, 2, 3, 4]
        },
        Defect("vectors too few", "wrong_shape", "leaf_vectors", in: Graphs.vectors) {
            $0.leafVectors.removeLast()
        },
        Defect("a vector with infinity", "invalid_value", "leaf_vectors", in: Graphs.vectors) {
            $0.leafVectors[0] = .infinity
        },
        Defect("a group of vectors", "invalid_value", "groups[0]", in: Graphs.vectors) { $0.groups[0] = 1 },
    ]

    @Test func eachDefect_isRefusedByItsCodeAndPart() throws {
        for defect in defects {
            let error = #expect(throws: FormatError.self, "\(defect.name)") { try defect.graph.validate() }
            #expect(error?.code == defect.code, "\(defect.name)")
            let text = error?.description ?? ""
            #expect(text.contains("estimator.\(defect.part)"), "\(defect.name): \(text)")
        }
    }

    @Test func slopesAndDivisors_mustBeFiniteAndAboveZero() {
        for change: (inout OutputDescription) -> Void in [
            { $0.divisor = 0 }, { $0.divisor = .nan }, { $0.slope = .infinity }, { $0.slope = -1 },
        ] {
            let graph = Graphs.forest.with { change(&$0.output) }
            #expect(throws: FormatError.self) { try graph.validate() }
        }
    }

    @Test func aCoefficientThatIsNoFloat32_isRefusedInAFloat32Model() {
        let model = LinearModel(numberType: .float32, coefficients: [0.1, 1], intercepts: [0])
        let graph = Graphs.narrowLinear.with { $0.estimator = .linear(model) }
        #expect(throws: FormatError.self) { try graph.validate() }
    }

    @Test func readersOfTheFirstFiles_areToldWhatTheyWouldMiss() throws {
        func header(_ graph: ModelGraph) throws -> String { RawFile(try NativeModel.write(graph)).header }
        #expect(try !header(Graphs.trees).contains("requires"))
        #expect(
            try header(Graphs.forest).contains(
                #"\"requires\":[\"tree_ensemble.rules\",\"output.divisor_slope\"]"#))
        #expect(try header(Graphs.narrowLinear).contains(#"\"requires\":[\"linear.number_type\"]"#))
    }

    @Test(arguments: [
        ("less_or_equal", "unknown_part"), ("FP64", "unknown_part"), ("truncated", "unknown_part"),
    ])
    func wordsThatNobodyKnows_areRefused(word: String, code: String) throws {
        var raw = RawFile(try NativeModel.write(Graphs.forest))
        raw.header = raw.header.replacing(word, with: "so_what", maxReplacements: 1)
        let bytes = raw.bytes
        let error = #expect(throws: FormatError.self) { try NativeModel.read(bytes.span) }
        #expect(error?.code == code)
    }
}
