// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// The largest, the mean or the norm of what a window shows, channel by channel.
struct PoolingKernel: OperatorKernel {
    enum Function: Sendable, Equatable {
        case maximum(columnMajor: Bool)
        case average(countsPadding: Bool)
        case norm(Int)
    }

    let function: Function
    /// Nil: the window is the whole channel.
    let geometry: WindowGeometry?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let rank = x.shape.rank
        guard rank >= 3, rank <= 5 || geometry == nil else { throw OperatorError("an input of \(x.shape)") }
        guard let geometry else { return try wholeChannels(x, &context) }
        let placed = try geometry.placed(on: x.shape, kernelShape: nil)
        var shape = Shape(x.shape[0], x.shape[1])
        for axis in 0..<rank - 2 { shape.append(placed.output[5 - rank + axis]) }
        guard let count = shape.checkedCount else { throw OperatorError("a result of \(shape)") }
        if case .float32(let values) = x.elements {
            var y = try context.memory(Float.self, 0, shape)
            let wantsPlaces = context.wants(1)
            var places = wantsPlaces ? [Int64](repeating: 0, count: count) : []
            let channels = x.shape[0] * x.shape[1]
            if let fast = PlanePooling(placed, function), !wantsPlaces {
                var span = y.mutableSpan
                fast.run(values.span, channels: channels, into: &span)
            } else {
                for channel in 0..<channels {
                    pool(values.span, placed, channel: channel, into: &y, &places)
                }
            }
            context.set(0, shape, y)
            if wantsPlaces { context.set(1, shape, places) }
            return
        }
        guard case .maximum = function else { throw OperatorError("it is not defined for \(x.type)") }
        // Numbers of other types are compared as Float64: the place of the largest finds its exact value.
        let values = try x.converted(toFloating: Double.self)
        var y = [Double](repeating: 0, count: count)
        var places = [Int64](repeating: 0, count: count)
        for channel in 0..<x.shape[0] * x.shape[1] {
            pool(values.span, placed, channel: channel, into: &y, &places)
        }
        context.set(0, try Tensor(shape: shape, elements: .float64(y)).cast(to: x.type))
        context.set(1, shape, places)
    }

    private func pool<Value: BinaryFloatingPoint>(
        _ x: Span<Value>, _ placed: WindowGeometry.Placed, channel: Int, into y: inout [Value],
        _ places: inout [Int64]
    ) {
        let base = channel * placed.inputArea
        var output = channel * placed.outputArea
        for d in 0..<placed.output[0] {
            let depths = range(placed, 0, d)
            for h in 0..<placed.output[1] {
                let lines = range(placed, 1, h)
                for w in 0..<placed.output[2] {
                    let offsets = range(placed, 2, w)
                    let window = Window(depths: depths, lines: lines, offsets: offsets)
                    var place = -1
                    y[output] = value(x, placed, base: base, window, &place)
                    if !places.isEmpty { places[output] = Int64(place) }
                    output += 1
                }
            }
        }
    }

    /// Positions along one axis: from the first inside the input to the last, and how many the window has
    /// with the padding.
    private struct Positions {
        var first: Int
        var last: Int
        var step: Int
        var padded: Int
    }

    private struct Window {
        var depths: Positions
        var lines: Positions
        var offsets: Positions
    }

    private func range(_ placed: WindowGeometry.Placed, _ axis: Int, _ index: Int) -> Positions {
        let step = placed.dilations[axis]
        let start = index * placed.strides[axis] - placed.before[axis]
        let size = placed.input[axis]
        var first = start
        while first < 0 { first += step }
        var last = start + (placed.kernel[axis] - 1) * step
        let end = min(last, size + placed.behind[axis] - 1)
        while last >= size { last -= step }
        return Positions(first: first, last: last, step: step, padded: max(0, (end - start) / step + 1))
    }

    @inline(__always)
    private func value<Value: BinaryFloatingPoint>(
        _ x: Span<Value>, _ placed: WindowGeometry.Placed, base: Int, _ window: Window, _ place: inout Int
    ) -> Value {
        var largest = -Value.infinity
        var sum: Value = 0
        var count = 0
        var z = window.depths.first
        while z <= window.depths.last {
            var y = window.lines.first
            while y <= window.lines.last {
                let row = base + (z * placed.input[1] + y) * placed.input[2]
                var offset = window.offsets.first
                while offset <= window.offsets.last {
                    let value = x[row + offset]
                    switch function {
                    case .maximum(let columnMajor):
                        if value > largest || place < 0 {
                            largest = value
                            place =
                                columnMajor
                                ? base + (offset * placed.input[1] + y) * placed.input[0] + z : row + offset
                        }
                    case .average: sum += value
                    case .norm(let power):
                        sum += power == 1 ? abs(value) : power == 2 ? value * value : raise(value, power)
                    }
                    count += 1
                    offset += window.offsets.step
                }
                y += window.lines.step
            }
            z += window.depths.step
        }
        switch function {
        case .maximum: return largest
        case .average(let countsPadding):
            if countsPadding { count = window.depths.padded * window.lines.padded * window.offsets.padded }
            return sum / Value(count)
        case .norm(let power): return Value(pow(Double(sum), 1 / Double(power)))
        }
    }

    private func raise<Value: BinaryFloatingPoint>(_ value: Value, _ power: Int) -> Value {
        Value(pow(Double(abs(value)), Double(power)))
    }

    private func wholeChannels(_ x: Tensor, _ context: inout OperatorContext) throws(OperatorError) {
        let values = try x.converted(toFloating: Double.self)
        var shape = x.shape
        for axis in 2..<x.shape.rank { shape[axis] = 1 }
        let area = x.shape.product(2..<x.shape.rank)
        guard area > 0 else { throw OperatorError("empty channels") }
        let results = (0..<shape.count).map { channel -> Double in
            let part = values[channel * area..<(channel + 1) * area]
            switch function {
            case .maximum: return part.reduce(-.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
            case .average: return part.reduce(0, +) / Double(area)
            case .norm(let power):
                return pow(part.reduce(0) { $0 + pow(abs($1), Double(power)) }, 1 / Double(power))
            }
        }
        context.set(0, try Tensor(shape: shape, elements: .float64(results)).cast(to: x.type))
    }
}

/// Pooling of planes without padding and dilation, as nearly all networks do it.
struct PlanePooling {
    private let placed: WindowGeometry.Placed
    private let isMaximum: Bool

    /// Nil when the windows are others.
    init?(_ placed: WindowGeometry.Placed, _ function: PoolingKernel.Function) {
        switch function {
        case .maximum: isMaximum = true
        case .average: isMaximum = false
        case .norm: return nil
        }
        let fits = (1...2).allSatisfy { axis in
            placed.before[axis] == 0 && placed.behind[axis] == 0 && placed.dilations[axis] == 1
                && (placed.output[axis] - 1) * placed.strides[axis] + placed.kernel[axis]
                    <= placed.input[axis]
        }
        guard fits, placed.input[0] == 1, placed.kernel[0] == 1, placed.output[0] == 1 else { return nil }
        self.placed = placed
    }

    func run(_ x: Span<Float>, channels: Int, into y: inout MutableSpan<Float>) {
        let (width, kernelHeight, kernelWidth) = (placed.input[2], placed.kernel[1], placed.kernel[2])
        let (rowStep, columnStep) = (placed.strides[1] * width, placed.strides[2])
        precondition(
            x.count >= channels * placed.inputArea && y.count >= channels * placed.outputArea,
            "whole channels")
        let scale = Float(kernelHeight * kernelWidth)
        var target = 0
        for channel in 0..<channels {
            for row in 0..<placed.output[1] {
                var source = channel * placed.inputArea + row * rowStep
                for _ in 0..<placed.output[2] {
                    // Safe because `init` found every window inside its plane.
                    var value = unsafe isMaximum ? x[unchecked: source] : 0
                    for line in 0..<kernelHeight {
                        let start = source &+ line &* width
                        for offset in 0..<kernelWidth {
                            let element = unsafe x[unchecked: start &+ offset]
                            if !isMaximum {
                                value += element
                            } else if element > value {
                                value = element
                            }
                        }
                    }
                    unsafe y[unchecked: target] = isMaximum ? value : value / scale
                    target &+= 1
                    source &+= columnStep
                }
            }
        }
    }
}

extension OperatorTable {
    private static func pooling(
        outputs: ClosedRange<Int> = 1...1,
        _ function: @escaping @Sendable (OperatorDescription) throws(OperatorError) -> PoolingKernel.Function
    ) -> OperatorEntry {
        OperatorEntry(1...standardLast, 1...1, outputs: outputs, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            PoolingKernel(function: try function(description), geometry: try WindowGeometry(description))
        }
    }

    private static func whole(
        _ function: @escaping @Sendable (OperatorDescription) throws(OperatorError) -> PoolingKernel.Function
    ) -> OperatorEntry {
        OperatorEntry(1...standardLast, 1...1, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            PoolingKernel(function: try function(description), geometry: nil)
        }
    }

    static let poolingOperators: [String: OperatorEntry] = [
        "MaxPool": pooling(outputs: 1...2) { (description) throws(OperatorError) in
            .maximum(columnMajor: try description.flag("storage_order"))
        },
        "AveragePool": pooling { (description) throws(OperatorError) in
            .average(countsPadding: try description.flag("count_include_pad"))
        },
        "LpPool": pooling { (description) throws(OperatorError) in
            .norm(max(1, try description.integer("p", default: 2)))
        },
        "GlobalMaxPool": whole { _ in .maximum(columnMajor: false) },
        "GlobalAveragePool": whole { _ in .average(countsPadding: false) },
        "GlobalLpPool": whole { (description) throws(OperatorError) in
            .norm(max(1, try description.integer("p", default: 2)))
        },
    ]
}
