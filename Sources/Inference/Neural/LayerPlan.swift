// SPDX-License-Identifier: Apache-2.0
internal import LinearAlgebra
internal import Synchronization

/// How a chain runs on rows of one shape: where each layer reads and writes, and where windows are.
/// Immutable.
final class LayerPlan: Sendable {
    /// Where the rows of a block are.
    enum Place: Sendable, Equatable {
        case input
        case output
        /// In the memory's halves, from this number on.
        case even(Int)
        case odd(Int)
    }

    /// One row, or one image.
    enum Value: Sendable, Equatable {
        case row(width: Int)
        case planes(PlaneLayout)

        var count: Int {
            switch self {
            case .row(let width): width
            case .planes(let layout): layout.count
            }
        }
    }

    enum Work: Sendable {
        case dense(WeightMatrix)
        case convolution(ConvolutionWeights, WindowPlaces)
        case pooling(WindowPlaces, mean: Bool)
        /// Channels that stand apart come together, and the reverse.
        case gather
        case spread
    }

    struct Step: Sendable {
        var work: Work
        var source: Place
        var target: Place
        var input: Value
        var output: Value
        /// Of each number of the output, in this order.
        var functions: [UnaryFunction] = []
    }

    /// Sizes of a row's axes, without the rows'.
    let rowShape: Shape
    let outputShape: Shape
    let inputCount: Int
    let outputCount: Int
    /// Rows that go through all layers together.
    let blockRows: Int
    let steps: [Step]
    /// Numbers of the halves.
    let evenCount: Int
    let oddCount: Int
    /// Values with zeros around them.
    let padded: [(place: Place, count: Int)]

    /// - Throws: what does not fit together.
    init(_ chain: LayerChain, rowShape: Shape) throws(OperatorError) {
        self.rowShape = rowShape
        var draft = Draft()
        try draft.begin(chain, rowShape)
        for layer in chain.layers { try draft.add(layer) }
        outputShape = draft.outputShape
        inputCount = rowShape.count
        outputCount = outputShape.count
        blockRows = draft.blockRows
        draft.place(blockRows: blockRows)
        steps = draft.steps(blockRows: blockRows)
        evenCount = draft.evenCount
        oddCount = draft.oddCount
        padded = draft.padded
    }

    /// Numbers that stay in the nearest cache, next to the windows' tables and a panel of weights.
    fileprivate static let blockCells = 12_288
    fileprivate static let denseCells = 1 << 18
    fileprivate static let blockRowsMax = 64

    /// A plan in the making: what each layer does, then where.
    private struct Draft {
        private enum Kind {
            case dense(WeightMatrix)
            case convolution(ConvolutionWeights, PlaneWindow)
            case pooling(PlaneWindow, mean: Bool)
            case gather, spread
        }

        private var kinds: [Kind] = []
        private var functions: [[UnaryFunction]] = []
        /// What goes into the first layer, and what each answers.
        private var values: [Value] = []
        private var places: [Place] = []
        private var isFlat = false
        /// Images of one axis.
        private var isLine = false
        private(set) var evenCount = 0
        private(set) var oddCount = 0

        mutating func begin(_ chain: LayerChain, _ shape: Shape) throws(OperatorError) {
            guard chain.beginsWithPlanes else {
                values.append(.row(width: shape.count))
                return
            }
            guard shape.rank == 2 || shape.rank == 3, shape.checkedCount ?? 0 > 0 else {
                throw OperatorError("images of \(shape)")
            }
            let layout = PlaneLayout(
                height: shape.rank == 3 ? shape[1] : 1, width: shape[shape.rank - 1], channels: shape[0])
            isLine = shape.rank == 2
            values.append(.planes(layout))
            append(.gather, .planes(layout))
        }

        private mutating func append(_ kind: Kind, _ value: Value) {
            kinds.append(kind)
            functions.append([])
            values.append(value)
        }

        mutating func add(_ layer: LayerChain.Layer) throws(OperatorError) {
            switch (layer, values[values.count - 1]) {
            case (.dense(let weights), let value):
                guard value.count == weights.inputCount else {
                    throw OperatorError("rows of \(value.count) for weights of \(weights.inputCount) inputs")
                }
                append(.dense(weights), .row(width: weights.outputCount))
                isFlat = false
            case (.convolution(let weights, let geometry), .planes(let layout)):
                let placed = try geometry.placed(onImage: layout, isLine: isLine)
                guard layout.channels == weights.inputChannels else {
                    throw OperatorError("\(layout.channels) channels for weights of \(weights.inputChannels)")
                }
                try pad(placed)
                let answer = PlaneLayout(
                    height: placed.output[1], width: placed.output[2], channels: weights.outputChannels)
                guard answer.isSane else { throw OperatorError("a result too large") }
                append(.convolution(weights, placed.window), .planes(answer))
            case (.pooling(let geometry, let mean), .planes(let layout)):
                let placed = try geometry.placed(onImage: layout, isLine: isLine)
                append(
                    .pooling(placed.window, mean: mean),
                    .planes(
                        PlaneLayout(
                            height: placed.output[1], width: placed.output[2], channels: layout.channels)))
            case (.function(let function), _): functions[functions.count - 1].append(function)
            case (.flatten, .planes): isFlat = true
            default: throw OperatorError("layers that do not follow each other")
            }
        }

        /// Zeros around the last value for the window that reads it.
        private mutating func pad(_ placed: WindowGeometry.Placed) throws(OperatorError) {
            guard case .planes(var layout) = values[values.count - 1] else { return }
            layout.top = placed.before[1]
            layout.left = placed.before[2]
            let lines = (placed.output[1] - 1) * placed.strides[1] + placed.window.reachedLines
            let columns = (placed.output[2] - 1) * placed.strides[2] + placed.window.reachedColumns
            layout.bottom = max(0, lines - layout.height - layout.top)
            layout.right = max(0, columns - layout.width - layout.left)
            guard layout.isSane else { throw OperatorError("an image of \(layout.count) numbers") }
            values[values.count - 1] = .planes(layout)
        }

        var outputShape: Shape {
            switch values[values.count - 1] {
            case .row(let width): return Shape(width)
            case .planes(let layout):
                if isFlat { return Shape(layout.channels * layout.height * layout.width) }
                if isLine { return Shape(layout.channels, layout.width) }
                return Shape([layout.channels, layout.height, layout.width])
            }
        }

        var blockRows: Int {
            let cells = values.reduce(0) { $0 + $1.count }
            let isDense = kinds.allSatisfy { if case .dense = $0 { true } else { false } }
            let rows = min(blockRowsMax, (isDense ? denseCells : blockCells) / max(cells, 1))
            return rows < 8 ? max(isDense ? 8 : 1, rows) : rows & ~7
        }

        /// Gives every value a place of its own, so that the zeros around it need to be written once a run.
        mutating func place(blockRows: Int) {
            if case .planes(let layout) = values[values.count - 1] {
                append(
                    .spread,
                    .row(width: layout.channels * layout.height * layout.width))
            }
            places = [.input]
            for (index, value) in values.enumerated().dropFirst() {
                if index == values.count - 1 {
                    places.append(.output)
                } else if index % 2 == 0 {
                    places.append(.even(evenCount))
                    evenCount += blockRows * value.count
                } else {
                    places.append(.odd(oddCount))
                    oddCount += blockRows * value.count
                }
            }
        }

        func steps(blockRows: Int) -> [Step] {
            kinds.indices.map { index in
                let (input, output) = (values[index], values[index + 1])
                let work: Work
                switch (kinds[index], input, output) {
                case (.dense(let weights), _, _): work = .dense(weights)
                case (.convolution(let weights, let window), .planes(let from), .planes(let to)):
                    work = .convolution(
                        weights, WindowPlaces(window, input: from, output: to, images: blockRows))
                case (.pooling(let window, let mean), .planes(let from), .planes(let to)):
                    work = .pooling(
                        WindowPlaces(window, input: from, output: to, images: blockRows), mean: mean)
                case (.gather, _, _): work = .gather
                default: work = .spread
                }
                return Step(
                    work: work, source: places[index], target: places[index + 1], input: input,
                    output: output, functions: functions[index])
            }
        }

        var padded: [(place: Place, count: Int)] {
            zip(places, values).compactMap { place, value in
                if case .planes(let layout) = value, layout.isPadded { (place, layout.count) } else { nil }
            }
        }
    }
}

extension WindowGeometry {
    /// The geometry for images of a layout; a line of places has one axis.
    fileprivate func placed(
        onImage layout: PlaneLayout, isLine: Bool
    ) throws(OperatorError) -> Placed {
        let shape =
            isLine
            ? Shape([1, layout.channels, layout.width])
            : Shape([1, layout.channels, layout.height, layout.width])
        return try placed(on: shape, kernelShape: nil)
    }
}

extension PlaneLayout {
    /// Its numbers are as many as a tensor may have.
    fileprivate var isSane: Bool { Shape([lines, columns, channels]).checkedCount != nil }
}

extension WindowGeometry.Placed {
    fileprivate var window: PlaneWindow {
        PlaneWindow(
            height: kernel[1], width: kernel[2], lineStride: strides[1], columnStride: strides[2],
            lineDilation: dilations[1], columnDilation: dilations[2])
    }
}

/// The plan for the shape that a chain sees first, and most likely ever.
final class LayerPlanSlot: Sendable {
    private let first = AtomicLazyReference<LayerPlan>()

    func plan(_ chain: LayerChain, rowShape: Shape) throws(OperatorError) -> LayerPlan {
        if let plan = first.load(), plan.rowShape == rowShape { return plan }
        let plan = try LayerPlan(chain, rowShape: rowShape)
        let stored = first.storeIfNil(plan)
        return stored.rowShape == rowShape ? stored : plan
    }
}
