// SPDX-License-Identifier: Apache-2.0
private import FusedProducts
private import WideProducts

/// A convolution of one group: weights laid out once for the fused kernels, a bias, and the cutting of what
/// is negative. Immutable.
///
/// Each output is one sum in the order of the window's lines, their places, and the channels there, fused
/// step by step: an image's answer does not depend on the others.
package struct ConvolutionWeights: Sendable {
    package let inputChannels: Int
    package let outputChannels: Int
    private let cpu: FusedCPU
    /// [panels, lines, columns, input channels, 16]; the last padded with zeros.
    private let panels: [Float]
    private let windowArea: Int
    private var bias: [Float]
    private(set) package var cutsNegatives = false

    /// Nil where the CPU has no fused kernels.
    ///
    /// - Parameters:
    ///   - weights: row-major, shape [outputs, inputs, lines, columns], as model files have it.
    ///   - windowArea: lines · columns.
    package init?(
        _ weights: [Float], inputChannels: Int, outputChannels: Int, windowArea: Int, bias: [Float]?,
        on cpu: FusedCPU = .best
    ) {
        precondition(
            weights.count == inputChannels * outputChannels * windowArea && !weights.isEmpty,
            "weights have the shape [outputs, inputs, lines, columns]")
        guard cpu != .none, cpu.isPresent else { return nil }
        self.cpu = cpu
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.windowArea = windowArea
        let panelCount = (outputChannels + 15) / 16
        let depth = windowArea * inputChannels
        var panels = [Float](repeating: 0, count: panelCount * depth * 16)
        for output in 0..<outputChannels {
            for channel in 0..<inputChannels {
                for place in 0..<windowArea {
                    let line = output / 16 * depth + place * inputChannels + channel
                    panels[line * 16 + output % 16] =
                        weights[(output * inputChannels + channel) * windowArea + place]
                }
            }
        }
        self.panels = panels
        self.bias = inWholePanels(
            bias ?? [Float](repeating: 0, count: outputChannels), outputCount: outputChannels)
    }

    /// This layer, with zero for every sum that is negative.
    package var cuttingNegatives: ConvolutionWeights {
        var weights = self
        weights.cutsNegatives = true
        return weights
    }

    /// Convolves the first `images` images of `input`, of the places' layout, into `output`.
    package func convolve(
        _ input: Span<Float>, _ places: WindowPlaces, images: Int, into output: inout MutableSpan<Float>
    ) {
        precondition(
            places.input.channels == inputChannels && places.output.channels == outputChannels
                && places.places.count == windowArea, "places of this convolution")
        precondition(
            images <= places.images && input.count >= images * places.input.count
                && output.count >= images * places.output.count, "images of the places' layout")
        // Safe because the preconditions give the pointers as many numbers as the tables, which
        // `WindowPlaces` made for those layouts, point into; and the CPU is one that `FusedCPU` found.
        unsafe panels.withUnsafeBufferPointer { panels in
            unsafe bias.withUnsafeBufferPointer { bias in
                unsafe input.withUnsafeBufferPointer { input in
                    unsafe output.withUnsafeMutableBufferPointer { output in
                        unsafe places.withTables { runs, inputTable, outputTable in
                            guard let panels = panels.baseAddress, let input = input.baseAddress,
                                let output = output.baseAddress
                            else { return }
                            let rows = images * places.windowCount
                            if cpu == .wide {
                                unsafe WideProducts.Products.multiply(
                                    weights: panels, outputs: outputChannels, bias: bias.baseAddress,
                                    cutsNegatives: cutsNegatives, runs: runs, runCount: places.runs.count,
                                    runLength: places.runLength, input: input, inputStep: 0,
                                    inputTable: inputTable, output: output, outputStep: 0,
                                    outputTable: outputTable, rowCount: rows)
                            } else {
                                unsafe FusedProducts.Products.multiply(
                                    weights: panels, outputs: outputChannels, bias: bias.baseAddress,
                                    cutsNegatives: cutsNegatives, runs: runs, runCount: places.runs.count,
                                    runLength: places.runLength, input: input, inputStep: 0,
                                    inputTable: inputTable, output: output, outputStep: 0,
                                    outputTable: outputTable, rowCount: rows)
                            }
                        }
                    }
                }
            }
        }
    }
}

extension WindowPlaces {
    fileprivate func withTables(
        _ body: (UnsafePointer<Int>?, UnsafePointer<Int>?, UnsafePointer<Int>?) -> Void
    ) {
        // Safe because the pointers live for the call.
        unsafe runs.withUnsafeBufferPointer { runs in
            unsafe inputTable.withUnsafeBufferPointer { inputTable in
                unsafe outputTable.withUnsafeBufferPointer { outputTable in
                    unsafe body(runs.baseAddress, inputTable.baseAddress, outputTable.baseAddress)
                }
            }
        }
    }
}

/// The largest, or the mean, of what each window shows of each channel, for the first `images` images; false,
/// and nothing done, where the CPU has no fused kernels. Zeros around the image count as its numbers.
package func pool(
    _ input: Span<Float>, _ places: WindowPlaces, images: Int, mean: Bool,
    into output: inout MutableSpan<Float>, on cpu: FusedCPU = .best
) -> Bool {
    guard cpu != .none, cpu.isPresent else { return false }
    precondition(places.input.channels == places.output.channels, "places of a pooling")
    precondition(
        images <= places.images && input.count >= images * places.input.count
            && output.count >= images * places.output.count, "images of the places' layout")
    let (channels, count) = (places.input.channels, images * places.windowCount)
    // Safe because of what makes a convolution safe.
    unsafe input.withUnsafeBufferPointer { input in
        unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe places.places.withUnsafeBufferPointer { window in
                unsafe places.withTables { _, inputTable, outputTable in
                    guard let input = input.baseAddress, let output = output.baseAddress,
                        let places = window.baseAddress, let inputTable = unsafe inputTable,
                        let outputTable = unsafe outputTable
                    else { return }
                    if cpu == .wide {
                        unsafe WideProducts.Products.pool(
                            input, inputTable: inputTable, window: places, windowCount: window.count,
                            channels: channels, mean: mean, output: output, outputTable: outputTable,
                            count: count)
                    } else {
                        unsafe FusedProducts.Products.pool(
                            input, inputTable: inputTable, window: places, windowCount: window.count,
                            channels: channels, mean: mean, output: output, outputTable: outputTable,
                            count: count)
                    }
                }
            }
        }
    }
    return true
}
