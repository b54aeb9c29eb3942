// SPDX-License-Identifier: Apache-2.0
internal import LinearAlgebra
internal import ModelFormat

/// LSTM, GRU and plain RNN over sequences, forwards, backwards or both.
struct RecurrentKernel: OperatorKernel {
    enum Cell: Sendable {
        case plain
        case gru(linearBeforeReset: Bool)
        case lstm(couplesInputForget: Bool)

        var gateCount: Int {
            switch self {
            case .plain: 1
            case .gru: 3
            case .lstm: 4
            }
        }

        /// Activations of one direction.
        var activationCount: Int {
            switch self {
            case .plain: 1
            case .gru: 2
            case .lstm: 3
            }
        }
    }

    let cell: Cell
    /// For each direction whether it goes backwards.
    let directions: [Bool]
    let activations: [UnaryFunction]
    let clip: Float?
    let isBatchFirst: Bool
    /// Constant weights of each direction, laid out once; nil where they come with the request.
    var layers: [Layers]?
    /// Takes their place in `DynamicQuantizeLSTM`.
    var quantizedLayers: [QuantizedLayers]?

    struct Layers: Sendable {
        var input: WeightMatrix
        var recurrence: WeightMatrix
    }

    struct QuantizedLayers: Sendable {
        var input: QuantizedWeights
        var recurrence: QuantizedWeights
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let w = try context.input(1)
        let r = try context.input(2)
        guard x.shape.rank == 3, w.shape.rank == 3, r.shape.rank == 3, w.shape[0] == directions.count,
            r.shape[0] == directions.count
        else { throw OperatorError("inputs of \(x.shape), \(w.shape) and \(r.shape)") }
        // Quantized weights stand the other way around.
        let (rows, columns) = quantizedLayers == nil ? (1, 2) : (2, 1)
        let hidden = r.shape[columns]
        let gates = cell.gateCount * hidden
        guard w.shape[rows] == gates, r.shape[rows] == gates, w.shape[columns] == x.shape[2], hidden > 0
        else {
            throw OperatorError("weights of \(w.shape) and \(r.shape)")
        }
        let steps = x.shape[isBatchFirst ? 1 : 0]
        let batch = x.shape[isBatchFirst ? 0 : 1]
        var job = RecurrentJob(
            cell: cell, steps: steps, batch: batch, inputs: x.shape[2], hidden: hidden, clip: clip)
        job.lengths = try lengths(context.optionalInput(4), steps: steps, batch: batch)
        let values = try timeMajor(x, steps: steps, batch: batch)
        var all = [Float](repeating: 0, count: steps * directions.count * batch * hidden)
        var last: [Float] = []
        var cells: [Float] = []
        for (direction, isReverse) in directions.enumerated() {
            job.isReverse = isReverse
            job.activations = Array(
                activations[direction * cell.activationCount..<(direction + 1) * cell.activationCount])
            if let quantizedLayers {
                job.quantized = quantizedLayers[direction]
            } else if let layers {
                job.input = layers[direction].input
                job.recurrence = layers[direction].recurrence
            } else {
                job.input = try part(w, direction).map {
                    WeightMatrix($0, inputCount: x.shape[2], outputCount: gates)
                }
                job.recurrence = try part(r, direction).map {
                    WeightMatrix($0, inputCount: hidden, outputCount: gates)
                }
            }
            if case .gru(linearBeforeReset: false) = cell {
                job.recurrenceWeights = try part(r, direction) ?? []
            }
            job.bias = try part(context.optionalInput(3), direction)
            job.peepholes = try part(context.optionalInput(7), direction)
            try checkSizes(job, gates: gates)
            var state = try initial(context.optionalInput(5), direction, batch: batch, hidden: hidden)
            var cellState = try initial(context.optionalInput(6), direction, batch: batch, hidden: hidden)
            job.run(
                values, state: &state, cellState: &cellState, into: &all,
                place: (direction, directions.count))
            last += state
            cells += cellState
        }
        try write(&context, all: all, last: last, cells: cells, job)
    }

    private func checkSizes(_ job: RecurrentJob, gates: Int) throws(OperatorError) {
        if let bias = job.bias, bias.count != 2 * gates { throw OperatorError("a bias of \(bias.count)") }
        if let peepholes = job.peepholes, peepholes.count != 3 * job.hidden {
            throw OperatorError("peepholes of \(peepholes.count)")
        }
    }

    private func lengths(_ tensor: Tensor?, steps: Int, batch: Int) throws(OperatorError) -> [Int]? {
        guard let lengths = try tensor?.integers("the lengths") else { return nil }
        guard lengths.count == batch, lengths.allSatisfy({ (0...steps).contains($0) }) else {
            throw OperatorError("lengths \(lengths) of \(batch) sequences of \(steps)")
        }
        return lengths
    }

    /// The part of a direction, nil when the input is left out.
    private func part(_ tensor: Tensor?, _ direction: Int) throws(OperatorError) -> [Float]? {
        guard let tensor else { return nil }
        let values = try tensor.floats("a weight")
        guard tensor.shape.rank > 0, tensor.shape[0] == directions.count else {
            throw OperatorError("weights of \(tensor.shape) for \(directions.count) directions")
        }
        let size = tensor.count / directions.count
        return Array(values[direction * size..<(direction + 1) * size])
    }

    private func timeMajor(_ x: Tensor, steps: Int, batch: Int) throws(OperatorError) -> [Float] {
        let values = try x.floats()
        guard isBatchFirst else { return Array(values.prefix(x.count)) }
        let width = x.shape[2]
        var moved = [Float](repeating: 0, count: x.count)
        for row in 0..<batch {
            for step in 0..<steps {
                for index in 0..<width {
                    moved[(step * batch + row) * width + index] = values[(row * steps + step) * width + index]
                }
            }
        }
        return moved
    }

    /// [directions, batch, hidden], or [batch, directions, hidden] when the batch comes first.
    private func initial(
        _ tensor: Tensor?, _ direction: Int, batch: Int, hidden: Int
    ) throws(OperatorError) -> [Float] {
        guard let tensor else { return [Float](repeating: 0, count: batch * hidden) }
        let values = try tensor.floats("an initial state")
        let expected =
            isBatchFirst ? [batch, directions.count, hidden] : [directions.count, batch, hidden]
        guard tensor.shape.dimensions == expected else {
            throw OperatorError("an initial state of \(tensor.shape)")
        }
        return (0..<batch * hidden).map { index in
            let row = index / hidden
            let place = isBatchFirst ? row * directions.count + direction : direction * batch + row
            return values[place * hidden + index % hidden]
        }
    }

    private func write(
        _ context: inout OperatorContext, all: [Float], last: [Float], cells: [Float], _ job: RecurrentJob
    ) throws(OperatorError) {
        let (steps, batch, hidden, count) = (job.steps, job.batch, job.hidden, directions.count)
        func batchFirst(_ values: [Float]) -> [Float] {
            (0..<values.count).map { index in
                let row = index / (count * hidden)
                let direction = index / hidden % count
                return values[(direction * batch + row) * hidden + index % hidden]
            }
        }
        if isBatchFirst {
            var moved = [Float](repeating: 0, count: all.count)
            for index in all.indices {
                let unit = index % hidden
                let row = index / hidden % batch
                let direction = index / (hidden * batch) % count
                let step = index / (hidden * batch * count)
                moved[((row * steps + step) * count + direction) * hidden + unit] = all[index]
            }
            context.set(0, Shape([batch, steps, count, hidden]), moved)
            context.set(1, Shape([batch, count, hidden]), batchFirst(last))
            context.set(2, Shape([batch, count, hidden]), batchFirst(cells))
        } else {
            context.set(0, Shape([steps, count, batch, hidden]), all)
            context.set(1, Shape([count, batch, hidden]), last)
            context.set(2, Shape([count, batch, hidden]), cells)
        }
    }
}

/// One direction of a recurrent layer over a batch of sequences.
struct RecurrentJob {
    let cell: RecurrentKernel.Cell
    let steps: Int
    let batch: Int
    let inputs: Int
    let hidden: Int
    let clip: Float?
    var isReverse = false
    var lengths: [Int]?
    var activations: [UnaryFunction] = []
    var input: WeightMatrix?
    var recurrence: WeightMatrix?
    var quantized: RecurrentKernel.QuantizedLayers?
    var recurrenceWeights: [Float] = []
    var bias: [Float]?
    var peepholes: [Float]?

    private var gates: Int { cell.gateCount * hidden }

    /// - Parameter place: the direction's number, and how many there are: where in `all` its states go.
    func run(
        _ x: [Float], state: inout [Float], cellState: inout [Float], into all: inout [Float],
        place: (direction: Int, count: Int)
    ) {
        guard steps > 0, batch > 0 else { return }
        let projected = project(x)
        var recurrent = [Float](repeating: 0, count: batch * gates)
        var outputs = isOrdinary ? [Float](repeating: 0, count: hidden) : []
        for index in 0..<steps {
            if let quantized { recurrent = quantized.recurrence.multiply(state) }
            var target = recurrent.mutableSpan
            recurrence?.multiply(state.span, anyCount: batch, into: &target)
            if isOrdinary {
                let step = isReverse ? steps - 1 - index : index
                for row in 0..<batch {
                    advanceOrdinary(
                        projected.span, (step * batch + row) * gates, &target, row: row, state: &state,
                        cellState: &cellState, outputs: &outputs)
                    let place = ((step * place.count + place.direction) * batch + row) * hidden
                    for unit in 0..<hidden { all[place + unit] = state[row * hidden + unit] }
                }
                continue
            }
            for row in 0..<batch {
                // A sequence shorter than the longest is walked within its own length.
                let length = lengths?[row] ?? steps
                guard index < length else { continue }
                let step = isReverse ? length - 1 - index : index
                advance(
                    projected, (step * batch + row) * gates, recurrent, row: row, state: &state,
                    cellState: &cellState)
                let target = ((step * place.count + place.direction) * batch + row) * hidden
                for unit in 0..<hidden { all[target + unit] = state[row * hidden + unit] }
            }
        }
    }

    /// What the inputs of all steps add to the gates.
    private func project(_ x: [Float]) -> [Float] {
        if let quantized { return quantized.input.multiply(x) }
        var projected = [Float](repeating: 0, count: steps * batch * gates)
        var span = projected.mutableSpan
        input?.multiply(x.span, anyCount: steps * batch, into: &span)
        return projected
    }

    private func advance(
        _ x: [Float], _ first: Int, _ h: [Float], row: Int, state: inout [Float], cellState: inout [Float]
    ) {
        switch cell {
        case .plain:
            for unit in 0..<hidden {
                let sum = x[first + unit] + h[row * gates + unit] + bias(0, unit) + bias(1, unit)
                state[row * hidden + unit] = apply(0, sum)
            }
        case .gru(let linearBeforeReset):
            advanceGRU(x, first, h, row: row, state: &state, linearBeforeReset)
        case .lstm(let couplesInputForget):
            for unit in 0..<hidden {
                let place = row * hidden + unit
                func gate(_ number: Int) -> Float {
                    let offset = number * hidden + unit
                    return x[first + offset] + h[row * gates + offset] + bias(number, unit)
                        + bias(number + 4, unit)
                }
                let old = cellState[place]
                // Gates stand in the order input, output, forget, cell; peepholes input, output, forget.
                let inputGate = apply(0, gate(0) + peephole(0, unit) * old)
                let forget =
                    couplesInputForget ? 1 - inputGate : apply(0, gate(2) + peephole(2, unit) * old)
                let new = forget * old + inputGate * apply(1, gate(3))
                let output = apply(0, gate(1) + peephole(1, unit) * new)
                cellState[place] = new
                state[place] = output * activations[2].single(new)
            }
        }
    }

    /// An LSTM as nearly all are: whole sequences, the usual functions, nothing cut, no peepholes.
    private var isOrdinary: Bool {
        guard case .lstm(couplesInputForget: false) = cell else { return false }
        return clip == nil && peepholes == nil && lengths == nil
            && activations.map(\.name) == [.sigmoid, .tanh, .tanh]
    }

    /// One step of such an LSTM: each function goes over all of its gates at once.
    ///
    /// - Parameters:
    ///   - sums: what the states add, [batch, gates]; becomes the gates.
    ///   - outputs: memory for one row's states.
    private func advanceOrdinary(
        _ x: Span<Float>, _ first: Int, _ sums: inout MutableSpan<Float>, row: Int, state: inout [Float],
        cellState: inout [Float], outputs: inout [Float]
    ) {
        var gate = sums._mutatingExtracting(row * gates..<(row + 1) * gates)
        let input = x.extracting(first..<first + gates)
        if let bias {
            let terms = bias.span
            for index in 0..<gates {
                gate[index] = input[index] + gate[index] + terms[index] + terms[gates + index]
            }
        } else {
            for index in 0..<gates { gate[index] = input[index] + gate[index] }
        }
        // Input, output and forget gates stand side by side, then the cell's.
        var open = gate._mutatingExtracting(0..<3 * hidden)
        activations[0].apply(&open)
        var new = gate._mutatingExtracting(3 * hidden..<4 * hidden)
        activations[1].apply(&new)
        let base = row * hidden
        for unit in 0..<hidden {
            let cell = gate[2 * hidden + unit] * cellState[base + unit] + gate[unit] * gate[3 * hidden + unit]
            cellState[base + unit] = cell
            outputs[unit] = cell
        }
        var target = outputs.mutableSpan
        activations[2].apply(&target)
        for unit in 0..<hidden { state[base + unit] = gate[hidden + unit] * outputs[unit] }
    }

    private func advanceGRU(
        _ x: [Float], _ first: Int, _ h: [Float], row: Int, state: inout [Float], _ linearBeforeReset: Bool
    ) {
        var update = [Float](repeating: 0, count: hidden)
        var reset = [Float](repeating: 0, count: hidden)
        for unit in 0..<hidden {
            update[unit] = apply(
                0, x[first + unit] + h[row * gates + unit] + bias(0, unit) + bias(3, unit))
            let offset = hidden + unit
            reset[unit] = apply(
                0, x[first + offset] + h[row * gates + offset] + bias(1, unit) + bias(4, unit))
        }
        var candidate = [Float](repeating: 0, count: hidden)
        for unit in 0..<hidden {
            let offset = 2 * hidden + unit
            var sum = x[first + offset] + bias(2, unit)
            if linearBeforeReset {
                sum += reset[unit] * (h[row * gates + offset] + bias(5, unit))
            } else {
                var recurrent: Float = 0
                for other in 0..<hidden {
                    recurrent +=
                        reset[other] * state[row * hidden + other]
                        * recurrenceWeights[offset * hidden + other]
                }
                sum += recurrent + bias(5, unit)
            }
            candidate[unit] = apply(1, sum)
        }
        for unit in 0..<hidden {
            let place = row * hidden + unit
            state[place] = (1 - update[unit]) * candidate[unit] + update[unit] * state[place]
        }
    }

    private func bias(_ gate: Int, _ unit: Int) -> Float { bias?[gate * hidden + unit] ?? 0 }

    private func peephole(_ gate: Int, _ unit: Int) -> Float { peepholes?[gate * hidden + unit] ?? 0 }

    private func apply(_ index: Int, _ sum: Float) -> Float {
        guard let clip else { return activations[index].single(sum) }
        return activations[index].single(min(max(sum, -clip), clip))
    }
}

extension UnaryFunction {
    /// The function of one number.
    func single(_ x: Float) -> Float {
        switch name {
        case .sigmoid: stableSigmoid(x)
        case .relu: x < 0 ? 0 : x
        default: Float(value(Double(x)))
        }
    }

    /// Activations of recurrent layers by ONNX's names, with their default parameters.
    init(recurrent name: String, alpha: Float?, beta: Float?) throws(OperatorError) {
        let defaults: (Name, Double, Double)
        switch name.lowercased() {
        case "sigmoid": defaults = (.sigmoid, 0, 0)
        case "tanh": defaults = (.tanh, 0, 0)
        case "relu": defaults = (.relu, 0, 0)
        case "affine": defaults = (.affine, 1, 0)
        case "leakyrelu": defaults = (.leakyRelu, 0.01, 0)
        case "thresholdedrelu": defaults = (.thresholdedRelu, 1, 0)
        case "hardsigmoid": defaults = (.hardSigmoid, 0.2, 0.5)
        case "elu": defaults = (.elu, 1, 0)
        case "softsign": defaults = (.softsign, 0, 0)
        case "softplus": defaults = (.softplus, 0, 0)
        default: throw OperatorError("the activation \"\(name)\" is not known")
        }
        self.init(
            name: defaults.0, alpha: alpha.map { Double($0) } ?? defaults.1,
            beta: beta.map { Double($0) } ?? defaults.2)
    }
}

extension OperatorTable {
    static func kernel(
        _ description: OperatorDescription, _ cell: RecurrentKernel.Cell, defaults: [String]
    ) throws(OperatorError) -> RecurrentKernel {
        let directions: [Bool]
        switch try description.string("direction", default: "forward") {
        case "forward": directions = [false]
        case "reverse": directions = [true]
        case "bidirectional": directions = [false, true]
        case let other: throw OperatorError("the direction \"\(other)\" is not known")
        }
        let names = try description.strings("activations") ?? directions.flatMap { _ in defaults }
        guard names.count == defaults.count * directions.count else {
            throw OperatorError("\(names.count) activations")
        }
        let alphas = try description.floats("activation_alpha") ?? []
        let betas = try description.floats("activation_beta") ?? []
        var activations: [UnaryFunction] = []
        for (index, name) in names.enumerated() {
            activations.append(
                try UnaryFunction(
                    recurrent: name, alpha: index < alphas.count ? alphas[index] : nil,
                    beta: index < betas.count ? betas[index] : nil))
        }
        var recurrent = RecurrentKernel(
            cell: cell, directions: directions, activations: activations,
            clip: description.has("clip") ? try description.float("clip", default: 0) : nil,
            isBatchFirst: try description.flag("layout"))
        recurrent.layers = layers(description, gateCount: cell.gateCount, directions: directions.count)
        return recurrent
    }

    /// Weights that are constants of Float32, laid out; nil where they are not, or do not fit together.
    private static func layers(
        _ description: OperatorDescription, gateCount: Int, directions: Int
    ) -> [RecurrentKernel.Layers]? {
        guard let w = description.constant(1), let r = description.constant(2),
            case .float32(let inputs) = w.elements, case .float32(let states) = r.elements,
            w.shape.rank == 3, r.shape.rank == 3, w.shape[0] == directions, r.shape[0] == directions,
            w.count > 0, r.count > 0, w.shape[1] == gateCount * r.shape[2], r.shape[1] == w.shape[1]
        else { return nil }
        let (gates, width, hidden) = (w.shape[1], w.shape[2], r.shape[2])
        return (0..<directions).map { direction in
            RecurrentKernel.Layers(
                input: WeightMatrix(
                    Array(inputs[direction * gates * width..<(direction + 1) * gates * width]),
                    inputCount: width, outputCount: gates),
                recurrence: WeightMatrix(
                    Array(states[direction * gates * hidden..<(direction + 1) * gates * hidden]),
                    inputCount: hidden, outputCount: gates))
        }
    }

    static let recurrentOperators: [String: OperatorEntry] = [
        "RNN": OperatorEntry(7...standardLast, 3...6, outputs: 0...2, widening: .narrowing([0, 1])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            try kernel(description, .plain, defaults: ["Tanh"])
        },
        "GRU": OperatorEntry(7...standardLast, 3...6, outputs: 0...2, widening: .narrowing([0, 1])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            try kernel(
                description,
                .gru(linearBeforeReset: try description.flag("linear_before_reset")),
                defaults: ["Sigmoid", "Tanh"])
        },
        "LSTM": OperatorEntry(7...standardLast, 3...8, outputs: 0...3, widening: .narrowing([0, 1, 2])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            try kernel(
                description, .lstm(couplesInputForget: try description.flag("input_forget")),
                defaults: ["Sigmoid", "Tanh", "Tanh"])
        },
    ]
}
