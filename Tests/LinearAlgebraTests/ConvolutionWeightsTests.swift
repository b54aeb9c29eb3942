// SPDX-License-Identifier: Apache-2.0
import TestKit
import Testing

@testable import LinearAlgebra

/// Convolutions and poolings over planes, beside loops that go through every place.
@Suite(.enabled(if: FusedCPU.best != .none)) struct ConvolutionWeightsTests {
    struct Form: CustomTestStringConvertible {
        var channels: Int
        var outputs: Int
        var window: PlaneWindow
        var testDescription: String {
            "\(channels) to \(outputs) channels, \(window.height) x \(window.width), "
                + "steps \(window.lineStride) and \(window.columnStride), gaps \(window.columnDilation)"
        }
    }

    static func window(_ height: Int, _ width: Int, stride: Int = 1, dilation: Int = 1) -> PlaneWindow {
        PlaneWindow(
            height: height, width: width, lineStride: stride, columnStride: stride, lineDilation: dilation,
            columnDilation: dilation)
    }

    static let forms = [
        Form(channels: 1, outputs: 8, window: window(3, 3)),
        Form(channels: 3, outputs: 17, window: window(3, 2, stride: 2)),
        Form(channels: 5, outputs: 40, window: window(1, 1)),
        Form(channels: 2, outputs: 4, window: window(3, 3, dilation: 2)),
        Form(channels: 4, outputs: 16, window: window(1, 5)),
    ]

    /// Images of nine lines and eleven columns, two of zeros on each side.
    private func layouts(_ form: Form) -> (input: PlaneLayout, output: PlaneLayout) {
        var input = PlaneLayout(height: 5, width: 7, channels: form.channels)
        (input.top, input.left, input.bottom, input.right) = (2, 2, 2, 2)
        var output = PlaneLayout(
            height: (input.lines - form.window.reachedLines) / form.window.lineStride + 1,
            width: (input.columns - form.window.reachedColumns) / form.window.columnStride + 1,
            channels: form.outputs)
        (output.top, output.right) = (1, 1)
        return (input, output)
    }

    private func expected(
        _ form: Form, _ image: ArraySlice<Float>, _ input: PlaneLayout, _ weights: [Float], line: Int,
        column: Int, output: Int
    ) -> Double {
        var sum = 0.0
        let (height, width) = (form.window.height, form.window.width)
        for down in 0..<height {
            for right in 0..<width {
                for channel in 0..<form.channels {
                    let place =
                        (line * form.window.lineStride + down * form.window.lineDilation) * input.columns
                        + column * form.window.columnStride + right * form.window.columnDilation
                    let weight = ((output * form.channels + channel) * height + down) * width + right
                    sum +=
                        Double(image[image.startIndex + place * form.channels + channel])
                        * Double(weights[weight])
                }
            }
        }
        return sum
    }

    @Test(arguments: forms, [FusedCPU.fused, .wide])
    func convolution_isTheSumOverTheWindow(form: Form, cpu: FusedCPU) throws {
        guard cpu.isPresent else { return }
        let area = form.window.height * form.window.width
        let weights = SeededGenerator.floats(form.channels * form.outputs * area, seed: 1)
        let bias = SeededGenerator.floats(form.outputs, seed: 2)
        let layer = try #require(
            ConvolutionWeights(
                weights, inputChannels: form.channels, outputChannels: form.outputs, windowArea: area,
                bias: bias, on: cpu))
        let (input, output) = layouts(form)
        let places = WindowPlaces(form.window, input: input, output: output, images: 3)
        let images = SeededGenerator.floats(3 * input.count, seed: 3)
        var answers = [Float](repeating: -7, count: 3 * output.count)
        var target = answers.mutableSpan
        layer.convolve(images.span, places, images: 3, into: &target)
        for image in 0..<3 {
            let part = images[image * input.count..<(image + 1) * input.count]
            for line in 0..<output.height {
                for column in 0..<output.width {
                    for channel in 0..<form.outputs {
                        let sum = expected(
                            form, part, input, weights, line: line, column: column, output: channel)
                        let place = image * output.count + output.place(line: line, column: column) + channel
                        #expect(abs(Double(answers[place]) - sum - Double(bias[channel])) < 1e-5)
                    }
                }
            }
            // The zeros around are left alone.
            #expect(answers[image * output.count] == -7)
            // And alone each image has the same bits.
            var alone = [Float](repeating: -7, count: output.count)
            var single = alone.mutableSpan
            layer.convolve(Array(part).span, places, images: 1, into: &single)
            #expect(alone == Array(answers[image * output.count..<(image + 1) * output.count]))
        }
    }

    @Test(arguments: [false, true]) func pooling_seesTheWholeWindow(mean: Bool) {
        let input = PlaneLayout(height: 4, width: 6, channels: 3)
        let output = PlaneLayout(height: 2, width: 3, channels: 3)
        let places = WindowPlaces(Self.window(2, 2, stride: 2), input: input, output: output, images: 2)
        let images = SeededGenerator.floats(2 * input.count, seed: 4)
        var answers = [Float](repeating: 0, count: 2 * output.count)
        var target = answers.mutableSpan
        #expect(pool(images.span, places, images: 2, mean: mean, into: &target))
        for index in answers.indices {
            let (image, rest) = (index / output.count, index % output.count)
            let (line, column, channel) = (rest / 9, rest / 3 % 3, rest % 3)
            let seen = [(0, 0), (0, 1), (1, 0), (1, 1)].map { down, right in
                images[image * input.count + ((2 * line + down) * 6 + 2 * column + right) * 3 + channel]
            }
            let wanted = mean ? (seen[0] + seen[1] + seen[2] + seen[3]) / 4 : seen.max() ?? .nan
            #expect(answers[index] == wanted)
        }
    }
}
