// SPDX-License-Identifier: Apache-2.0
import Base

/// How row programs stand in a file: docs/reference/model-format.md.
extension RowOperation {
    var kind: String {
        switch self {
        case .select: "select"
        case .join: "join"
        case .constants: "constants"
        case .product: "product"
        case .apply: "apply"
        case .combine: "combine"
        case .reduce: "reduce"
        case .softmax: "softmax"
        case .oneHot: "one_hot"
        case .spread: "spread"
        case .stages: "stages"
        case .model: "model"
        case .similarity: "similarity"
        case .pairVotes: "pair_votes"
        case .nearest: "nearest"
        case .imputeNearest: "impute_nearest"
        case .power: "power"
        case .bins: "bins"
        case .interpolate: "interpolate"
        case .monomials: "monomials"
        case .weightedMedian: "weighted_median"
        }
    }

    /// The word of its member `function`.
    fileprivate var function: String? {
        switch self {
        case .apply(let function): function.rawValue
        case .combine(let function): function.rawValue
        case .reduce(let function): function.rawValue
        case .model(_, let answer): answer.rawValue
        case .similarity(let kernel, _): kernel.word
        case .power(_, let isYeoJohnson): isYeoJohnson ? "yeo_johnson" : "box_cox"
        default: nil
        }
    }

    fileprivate var count: Int? {
        switch self {
        case .oneHot(let count), .pairVotes(let count): count
        case .nearest(let neighbours): neighbours.neighbourCount
        case .imputeNearest(let imputation): imputation.neighbourCount
        default: nil
        }
    }

    fileprivate var isWeighted: Bool {
        switch self {
        case .nearest(let neighbours): neighbours.isWeighted
        case .imputeNearest(let imputation): imputation.isWeighted
        default: false
        }
    }

    /// The step's tensors, whose names begin with `prefix` and a point.
    func tensors(_ prefix: String) throws(FormatError) -> [(name: String, tensor: Tensor)] {
        switch self {
        case .select(let indices): return [("\(prefix).indices", Tensor(narrow(indices)))]
        case .constants(let numbers): return [("\(prefix).numbers", Tensor(numbers))]
        case .product(let matrix, let addends):
            return [("\(prefix).matrix", Tensor(matrix)), ("\(prefix).addends", Tensor(addends))]
        case .spread(let counts): return [("\(prefix).counts", Tensor(narrow(counts)))]
        case .stages(let stages): return GraphWriter.tensors(stages, prefix: "\(prefix).stages")
        case .model(let graph, _): return [("\(prefix).model", Tensor(try NativeModel.write(graph)))]
        case .similarity(let kernel, let vectors):
            return [
                ("\(prefix).parameters", Tensor(kernel.parameters)), ("\(prefix).vectors", Tensor(vectors)),
            ]
        case .nearest(let neighbours):
            return [
                ("\(prefix).points", Tensor(neighbours.points)),
                ("\(prefix).values", Tensor(neighbours.values)),
                ("\(prefix).exponent", Tensor([neighbours.exponent])),
            ]
        case .imputeNearest(let imputation): return [("\(prefix).points", Tensor(imputation.points))]
        case .power(let exponents, _): return [("\(prefix).exponents", Tensor(exponents))]
        case .bins(let edges):
            return [
                ("\(prefix).starts", Tensor(GraphWriter.starts(edges.map(\.count)))),
                ("\(prefix).values", Tensor(edges.flatMap { $0 })),
            ]
        case .interpolate(let curves):
            return [
                ("\(prefix).starts", Tensor(GraphWriter.starts(curves.map(\.x.count)))),
                ("\(prefix).values", Tensor(curves.flatMap(\.x))),
                ("\(prefix).heights", Tensor(curves.flatMap(\.y))),
            ]
        case .monomials(let products):
            return [
                ("\(prefix).starts", Tensor(GraphWriter.starts(products.map(\.count)))),
                ("\(prefix).indices", Tensor(narrow(products.flatMap { $0 }))),
            ]
        case .weightedMedian(let weights): return [("\(prefix).weights", Tensor(weights))]
        case .join, .apply, .combine, .reduce, .softmax, .oneHot, .pairVotes: return []
        }
    }

    private func narrow(_ numbers: [Int]) -> [Int32] { numbers.map { Int32(truncatingIfNeeded: $0) } }
}

extension SimilarityKernel {
    fileprivate var word: String {
        switch self {
        case .linear: "linear"
        case .polynomial: "polynomial"
        case .radial: "radial"
        case .sigmoid: "sigmoid"
        case .squaredDistance: "squared_distance"
        }
    }

    fileprivate var parameters: [Double] {
        switch self {
        case .linear, .squaredDistance: []
        case .polynomial(let gamma, let offset, let degree): [gamma, offset, degree]
        case .radial(let gamma): [gamma]
        case .sigmoid(let gamma, let offset): [gamma, offset]
        }
    }

    /// Nil for another word, or another number of parameters.
    fileprivate init?(_ word: String, _ parameters: [Double]) {
        switch (word, parameters.count) {
        case ("linear", 0): self = .linear
        case ("squared_distance", 0): self = .squaredDistance
        case ("polynomial", 3):
            self = .polynomial(gamma: parameters[0], offset: parameters[1], degree: parameters[2])
        case ("radial", 1): self = .radial(gamma: parameters[0])
        case ("sigmoid", 2): self = .sigmoid(gamma: parameters[0], offset: parameters[1])
        default: return nil
        }
    }
}

extension GraphWriter {
    static func append(_ program: RowProgram, to json: inout ByteBuffer) {
        json.append(#"{"kind":"row_program","input_width":"#)
        json.append(decimal: Int64(program.inputWidth))
        json.append(#","steps":["#)
        for (index, step) in program.steps.enumerated() {
            json.append(index > 0 ? #",{"operation":"# : #"{"operation":"#)
            json.append(quoted: step.operation.kind)
            json.append(#","inputs":["#)
            for (place, input) in step.inputs.enumerated() {
                if place > 0 { json.append(",") }
                json.append(decimal: Int64(input))
            }
            json.append("]")
            if let function = step.operation.function {
                json.append(#","function":"#)
                json.append(quoted: function)
            }
            if let count = step.operation.count {
                json.append(#","count":"#)
                json.append(decimal: Int64(count))
            }
            if case .nearest(let neighbours) = step.operation {
                json.append(#","outputs":"#)
                json.append(decimal: Int64(neighbours.outputCount))
            }
            if step.operation.isWeighted { json.append(#","weighted":true"#) }
            if case .stages(let stages) = step.operation {
                appendList(#","stages":["#, stages, to: &json) { append($0, to: &$1) }
            }
            json.append("}")
        }
        json.append("]}")
    }
}

extension GraphReader {
    mutating func rowProgram(_ document: GraphDocument) throws(FormatError) -> RowProgram {
        guard let width = document.inputWidth else { throw .missingPart("estimator.input_width") }
        guard let steps = document.rowSteps else { throw .missingPart("estimator.steps") }
        guard (1...RowProgram.widthMax).contains(width), !steps.isEmpty else {
            throw .invalidValue(part: "estimator", reason: "\(width) columns and \(steps.count) steps")
        }
        var program = RowProgram(inputWidth: width)
        for (index, step) in steps.enumerated() {
            let part = "estimator.steps.\(index)"
            try program.add(try operation(step, part: part), step.inputs, part: part)
        }
        return program
    }

    private mutating func operation(
        _ step: RowStepDocument, part: String
    ) throws(FormatError) -> RowOperation {
        switch step.operation {
        case "select": return .select(try indices("\(part).indices"))
        case "join": return .join
        case "constants": return .constants(try vector("\(part).numbers", .float64))
        case "product":
            let matrix: [Double] = try vector("\(part).matrix", .float64)
            return .product(matrix: matrix, addends: try vector("\(part).addends", .float64))
        case "apply": return .apply(try step.knownFunction(RowFunction.self, part: part))
        case "combine": return .combine(try step.knownFunction(RowCombination.self, part: part))
        case "reduce": return .reduce(try step.knownFunction(RowReduction.self, part: part))
        case "softmax": return .softmax
        case "one_hot": return .oneHot(count: try step.requiredCount(part: part))
        case "spread": return .spread(try indices("\(part).counts"))
        case "stages": return .stages(try stages(step.stages, prefix: "\(part).stages"))
        case "model":
            let answer = try step.knownFunction(RowAnswer.self, part: part)
            return .model(try model("\(part).model"), answer)
        case "pair_votes": return .pairVotes(classCount: try step.requiredCount(part: part))
        default: return try fittedOperation(step, part: part)
        }
    }

    /// Operations whose numbers were fitted to columns.
    private mutating func fittedOperation(
        _ step: RowStepDocument, part: String
    ) throws(FormatError) -> RowOperation {
        switch step.operation {
        case "similarity":
            let parameters: [Double] = try vector("\(part).parameters", .float64)
            guard let kernel = SimilarityKernel(step.function ?? "", parameters) else {
                throw .unknownPart("function \"\(step.function ?? "")\" of \(part)")
            }
            return .similarity(kernel, vectors: try vector("\(part).vectors", .float64))
        case "nearest":
            guard let outputs = step.outputs else { throw .missingPart("\(part).outputs") }
            let points: [Double] = try vector("\(part).points", .float64)
            let values: [Double] = try vector("\(part).values", .float64)
            let exponent: [Double] = try vector("\(part).exponent", .float64, count: 1)
            return .nearest(
                NearestNeighbours(
                    points: points, values: values, outputCount: outputs,
                    neighbourCount: try step.requiredCount(part: part), isWeighted: step.isWeighted,
                    exponent: exponent[0]))
        case "impute_nearest":
            return .imputeNearest(
                NearestImputation(
                    points: try vector("\(part).points", .float64),
                    neighbourCount: try step.requiredCount(part: part), isWeighted: step.isWeighted))
        case "power":
            let exponents: [Double] = try vector("\(part).exponents", .float64)
            guard let family = step.function, family == "yeo_johnson" || family == "box_cox" else {
                throw .unknownPart("function \"\(step.function ?? "")\" of \(part)")
            }
            return .power(exponents: exponents, isYeoJohnson: family == "yeo_johnson")
        case "bins": return .bins(try lists(part))
        case "interpolate":
            let places = try lists(part)
            let heights: [Double] = try vector(
                "\(part).heights", .float64, count: places.reduce(0) { $0 + $1.count })
            var curves: [RowCurve] = []
            var start = 0
            for x in places {
                curves.append(RowCurve(x: x, y: Array(heights[start..<start + x.count])))
                start += x.count
            }
            return .interpolate(curves)
        case "monomials":
            let starts: [Int32] = try vector("\(part).starts", .int32)
            return .monomials(try GraphReader.lists(of: try indices("\(part).indices"), starts, part: part))
        case "weighted_median": return .weightedMedian(weights: try vector("\(part).weights", .float64))
        case let other: throw .unknownPart("operation \"\(other)\" of \(part)")
        }
    }

    private mutating func indices(_ name: String) throws(FormatError) -> [Int] {
        let numbers: [Int32] = try vector(name, .int32)
        return numbers.map { Int($0) }
    }
}
