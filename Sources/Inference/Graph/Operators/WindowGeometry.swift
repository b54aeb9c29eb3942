// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// How a window moves over one to three spatial axes: kernel, strides, dilations, padding. Fewer axes are
/// walked as three of which the first have size 1.
struct WindowGeometry: Sendable {
    enum AutomaticPadding: String, Sendable {
        case none = "NOTSET"
        case sameUpper = "SAME_UPPER"
        case sameLower = "SAME_LOWER"
        case valid = "VALID"
    }

    /// Nil until the weights say it.
    var kernel: [Int]?
    let strides: [Int]?
    let dilations: [Int]?
    let pads: [Int]?
    let padding: AutomaticPadding
    let roundsUp: Bool

    init(_ description: OperatorDescription) throws(OperatorError) {
        kernel = try description.integers("kernel_shape")
        strides = try description.integers("strides")
        dilations = try description.integers("dilations")
        pads = try description.integers("pads")
        let name = try description.string("auto_pad", default: "NOTSET")
        guard let padding = AutomaticPadding(rawValue: name.isEmpty ? "NOTSET" : name) else {
            throw OperatorError("the padding \"\(name)\" is not known")
        }
        self.padding = padding
        roundsUp = try description.flag("ceil_mode")
        for sizes in [kernel, strides, dilations] {
            guard sizes?.allSatisfy({ (1...1 << 20).contains($0) }) ?? true else {
                throw OperatorError("kernel_shape, strides and dilations must be from 1")
            }
        }
        guard pads?.allSatisfy({ (0...1 << 20).contains($0) }) ?? true else {
            throw OperatorError("pads must not be negative")
        }
    }

    /// The geometry for one input: three axes, in front of which missing ones have size 1.
    struct Placed {
        /// Three sizes without an allocation.
        typealias Sizes = InlineArray<3, Int>

        var input: Sizes = [1, 1, 1]
        var output: Sizes = [1, 1, 1]
        var kernel: Sizes = [1, 1, 1]
        var strides: Sizes = [1, 1, 1]
        var dilations: Sizes = [1, 1, 1]
        var before: Sizes = [0, 0, 0]
        /// Padding behind, which counts as elements where `count_include_pad` says so.
        var behind: Sizes = [0, 0, 0]

        var inputArea: Int { input[0] * input[1] * input[2] }
        var outputArea: Int { output[0] * output[1] * output[2] }
        var kernelArea: Int { kernel[0] * kernel[1] * kernel[2] }

        /// 1 × 1, every position once, nothing padded: the input is what the window shows.
        var isPointwise: Bool {
            for axis in 0..<3 {
                guard kernel[axis] == 1, strides[axis] == 1, before[axis] == 0, output[axis] == input[axis]
                else { return false }
            }
            return true
        }
    }

    /// - Parameters:
    ///   - shape: of the input, whose first two axes are images and channels.
    ///   - kernelShape: of the weights, the same; nil: the kernel that the node names.
    func placed(on shape: Shape, kernelShape: Shape?) throws(OperatorError) -> Placed {
        let rank = shape.rank - 2
        guard (1...3).contains(rank), kernelShape?.rank ?? shape.rank == shape.rank,
            kernel?.count ?? rank == rank, kernel != nil || kernelShape != nil,
            strides?.count ?? rank == rank,
            dilations?.count ?? rank == rank, pads?.count ?? 2 * rank == 2 * rank
        else { throw OperatorError("a window of another rank than \(shape)") }
        var placed = Placed()
        for axis in 0..<rank {
            let place = 3 - rank + axis
            let size = shape[axis + 2]
            let window = kernelShape?[axis + 2] ?? kernel?[axis] ?? 1
            guard window > 0, kernel?[axis] ?? window == window else {
                throw OperatorError("kernel_shape is not the weights'")
            }
            let stride = strides?[axis] ?? 1
            let dilation = dilations?[axis] ?? 1
            let reach = (window - 1) * dilation + 1
            var before = pads?[axis] ?? 0
            var behind = pads?[rank + axis] ?? 0
            let output: Int
            switch padding {
            case .none, .valid:
                if padding == .valid { (before, behind) = (0, 0) }
                let room = size + before + behind - reach
                guard room >= 0 else { throw OperatorError("a window of \(window) over \(size)") }
                var count = room / stride + 1
                // The last window must begin inside the input or the padding before it.
                if roundsUp && room % stride != 0 && count * stride < size + before { count += 1 }
                output = count
            case .sameUpper, .sameLower:
                output = (size + stride - 1) / stride
                let total = max(0, (output - 1) * stride + reach - size)
                before = padding == .sameUpper ? total / 2 : total - total / 2
                behind = total - before
            }
            placed.input[place] = size
            placed.output[place] = output
            placed.kernel[place] = window
            placed.strides[place] = stride
            placed.dilations[place] = dilation
            placed.before[place] = before
            placed.behind[place] = behind
        }
        guard placed.outputArea <= GraphLimits.elementsMax else { throw OperatorError("a result too large") }
        return placed
    }
}

extension WindowGeometry.Placed {
    /// `unfold` for Float32, where convolutions spend their time: runs of neighbours, not single places.
    func unfoldFloats(
        _ input: Span<Float>, base: Int, into columns: inout MutableSpan<Float>, row first: Int
    ) {
        guard strides[2] == 1 else {
            return unfold(input, base: base, zero: 0, into: &columns, row: first)
        }
        let (height, width) = (self.input[1], self.input[2])
        let (outHeight, outWidth) = (output[1], output[2])
        precondition(base >= 0 && base + inputArea <= input.count, "a whole channel")
        precondition((first + kernelArea) * outputArea <= columns.count, "room for every row")
        var place = first * outputArea
        for depth in 0..<kernel[0] {
            for line in 0..<kernel[1] {
                for offset in 0..<kernel[2] {
                    let shift = offset * dilations[2] - before[2]
                    // The outputs whose place along the row lies inside the input.
                    let low = min(max(0, -shift), outWidth)
                    let high = max(low, min(outWidth, width - shift))
                    for d in 0..<output[0] {
                        let z = d * strides[0] + depth * dilations[0] - before[0]
                        for h in 0..<outHeight {
                            let y = h * strides[1] + line * dilations[1] - before[1]
                            let isInside = z >= 0 && z < self.input[0] && y >= 0 && y < height
                            let source = base + (z * height + y) * width + shift
                            // Safe because the preconditions give the channel and the rows their room, and
                            // `low` and `high` keep the source inside its line.
                            if isInside {
                                for x in 0..<low { unsafe columns[unchecked: place &+ x] = 0 }
                                for x in low..<high {
                                    unsafe columns[unchecked: place &+ x] = input[unchecked: source &+ x]
                                }
                                for x in high..<outWidth { unsafe columns[unchecked: place &+ x] = 0 }
                            } else {
                                for x in 0..<outWidth { unsafe columns[unchecked: place &+ x] = 0 }
                            }
                            place += outWidth
                        }
                    }
                }
            }
        }
    }

    /// Writes what every window shows of one channel: a row for each element of the kernel, a column for each
    /// position; 0 outside.
    func unfold<Value>(
        _ input: Span<Value>, base: Int, zero: Value, into columns: inout MutableSpan<Value>, row first: Int
    ) {
        let area = outputArea
        var row = first
        for depth in 0..<kernel[0] {
            for line in 0..<kernel[1] {
                for offset in 0..<kernel[2] {
                    var place = row * area
                    for d in 0..<output[0] {
                        let z = d * strides[0] + depth * dilations[0] - before[0]
                        for h in 0..<output[1] {
                            let y = h * strides[1] + line * dilations[1] - before[1]
                            guard z >= 0, z < self.input[0], y >= 0, y < self.input[1] else {
                                for index in place..<place + output[2] { columns[index] = zero }
                                place += output[2]
                                continue
                            }
                            let start = base + (z * self.input[1] + y) * self.input[2]
                            var x = offset * dilations[2] - before[2]
                            for index in place..<place + output[2] {
                                columns[index] = x >= 0 && x < self.input[2] ? input[start + x] : zero
                                x += strides[2]
                            }
                            place += output[2]
                        }
                    }
                    row += 1
                }
            }
        }
    }
}
