// SPDX-License-Identifier: Apache-2.0
internal import LinearAlgebra

extension LayerPlan {
    /// Answers `rowCount` rows of `inputCount` numbers with as many of `outputCount`; both spans may be
    /// longer.
    func run(
        _ rows: Span<Float>, rowCount: Int, into answers: inout MutableSpan<Float>,
        memory: inout LayerMemory
    ) {
        precondition(
            rows.count >= rowCount * inputCount && answers.count >= rowCount * outputCount,
            "rows and answers of the plan's widths")
        if memory.even.count < evenCount { memory.even = Array(repeating: 0, count: evenCount) }
        if memory.odd.count < oddCount { memory.odd = Array(repeating: 0, count: oddCount) }
        clearBorders(rows: min(rowCount, blockRows), &memory)
        var first = 0
        while first < rowCount {
            let count = min(blockRows, rowCount - first)
            let block = rows.extracting(first * inputCount..<(first + count) * inputCount)
            var target = answers._mutatingExtracting(first * outputCount..<(first + count) * outputCount)
            for step in steps { run(step, count, block, &memory.even, &memory.odd, &target) }
            first += count
        }
    }

    private func clearBorders(rows: Int, _ memory: inout LayerMemory) {
        for (place, count) in padded {
            switch place {
            case .even(let first): for index in first..<first + rows * count { memory.even[index] = 0 }
            case .odd(let first): for index in first..<first + rows * count { memory.odd[index] = 0 }
            case .input, .output: continue
            }
        }
    }

    private func run(
        _ step: Step, _ count: Int, _ rows: Span<Float>, _ even: inout [Float], _ odd: inout [Float],
        _ answers: inout MutableSpan<Float>
    ) {
        let read = count * step.input.count
        let written = count * step.output.count
        switch (step.source, step.target) {
        case (.input, .output): apply(step, count, rows, &answers)
        case (.input, .odd(let first)):
            var half = odd.mutableSpan
            var target = half._mutatingExtracting(first..<first + written)
            apply(step, count, rows, &target)
        case (.even(let start), .odd(let first)):
            var half = odd.mutableSpan
            var target = half._mutatingExtracting(first..<first + written)
            apply(step, count, even.span.extracting(start..<start + read), &target)
        case (.odd(let start), .even(let first)):
            var half = even.mutableSpan
            var target = half._mutatingExtracting(first..<first + written)
            apply(step, count, odd.span.extracting(start..<start + read), &target)
        case (.even(let start), .output):
            apply(step, count, even.span.extracting(start..<start + read), &answers)
        case (.odd(let start), .output):
            apply(step, count, odd.span.extracting(start..<start + read), &answers)
        default: preconditionFailure("layers read one half and write the other")
        }
    }

    private func apply(
        _ step: Step, _ count: Int, _ source: Span<Float>, _ target: inout MutableSpan<Float>
    ) {
        switch step.work {
        case .dense(let weights): weights.multiply(source, anyCount: count, into: &target)
        case .convolution(let weights, let places):
            weights.convolve(source, places, images: count, into: &target)
        case .pooling(let places, let mean):
            let isDone = pool(source, places, images: count, mean: mean, into: &target)
            precondition(isDone, "chains with windows are made where the CPU has the kernels")
        case .gather: gather(step.output, count, source, &target)
        case .spread: spread(step.input, count, source, &target)
        }
        for function in step.functions { apply(function, to: step.output, count, &target) }
    }

    private func apply(
        _ function: UnaryFunction, to value: Value, _ count: Int, _ target: inout MutableSpan<Float>
    ) {
        guard case .planes(let layout) = value, layout.isPadded else {
            var all = target._mutatingExtracting(0..<count * value.count)
            return function.apply(&all)
        }
        // The zeros around stay zeros.
        for image in 0..<count {
            for line in 0..<layout.height {
                let first = image * layout.count + layout.place(line: line, column: 0)
                var part = target._mutatingExtracting(first..<first + layout.width * layout.channels)
                function.apply(&part)
            }
        }
    }

    /// Planes, channel by channel as files have them, become the layout.
    private func gather(
        _ value: Value, _ count: Int, _ source: Span<Float>, _ target: inout MutableSpan<Float>
    ) {
        guard case .planes(let layout) = value else { return }
        let (height, width, channels) = (layout.height, layout.width, layout.channels)
        precondition(
            source.count >= count * height * width * channels && target.count >= count * layout.count,
            "images of the layout")
        var place = 0
        for image in 0..<count {
            for channel in 0..<channels {
                for line in 0..<height {
                    let first = image &* layout.count &+ layout.place(line: line, column: 0) &+ channel
                    // Safe because the precondition gives both their images.
                    for column in 0..<width {
                        unsafe target[unchecked: first &+ column &* channels] =
                            source[unchecked: place &+ column]
                    }
                    place &+= width
                }
            }
        }
    }

    /// The reverse, without the zeros around.
    private func spread(
        _ value: Value, _ count: Int, _ source: Span<Float>, _ target: inout MutableSpan<Float>
    ) {
        guard case .planes(let layout) = value else { return }
        let (height, width, channels) = (layout.height, layout.width, layout.channels)
        precondition(
            target.count >= count * height * width * channels && source.count >= count * layout.count,
            "images of the layout")
        var place = 0
        for image in 0..<count {
            for channel in 0..<channels {
                for line in 0..<height {
                    let first = image &* layout.count &+ layout.place(line: line, column: 0) &+ channel
                    // Safe because the precondition gives both their images.
                    for column in 0..<width {
                        unsafe target[unchecked: place &+ column] =
                            source[unchecked: first &+ column &* channels]
                    }
                    place &+= width
                }
            }
        }
    }
}
