// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinearAlgebra
import ModelFormat
import Testing

@testable import Inference

/// Chains of layers beside loops over every place, in Float64; where a CPU has no fused kernels, convolutions
/// make no chain.
struct LayerChainTests {
    /// Images as files have them: channel by channel.
    private struct Image {
        var channels: Int
        var height: Int
        var width: Int
        var numbers: [Double]

        func number(_ channel: Int, _ line: Int, _ column: Int) -> Double {
            guard (0..<height).contains(line), (0..<width).contains(column) else { return 0 }
            return numbers[(channel * height + line) * width + column]
        }
    }

    private func convolved(_ image: Image, _ weights: [Float], _ bias: [Float], pad: Int) -> Image {
        let side = 3
        var result = Image(
            channels: bias.count, height: image.height + 2 * pad - side + 1,
            width: image.width + 2 * pad - side + 1, numbers: [])
        for output in 0..<bias.count {
            for line in 0..<result.height {
                for column in 0..<result.width {
                    var sum = Double(bias[output])
                    for channel in 0..<image.channels {
                        for place in 0..<side * side {
                            sum +=
                                image.number(
                                    channel, line + place / side - pad, column + place % side - pad)
                                * Double(weights[(output * image.channels + channel) * side * side + place])
                        }
                    }
                    result.numbers.append(sum)
                }
            }
        }
        return result
    }

    private func pooled(_ image: Image) -> Image {
        var result = Image(
            channels: image.channels, height: image.height / 2, width: image.width / 2, numbers: [])
        for channel in 0..<image.channels {
            for line in 0..<result.height {
                for column in 0..<result.width {
                    let seen = [0, 1].flatMap { down in
                        [0, 1].map { image.number(channel, 2 * line + down, 2 * column + $0) }
                    }
                    result.numbers.append(seen.max() ?? .nan)
                }
            }
        }
        return result
    }

    private func node(_ type: String, _ attributes: [String: OperatorAttribute]) -> OperatorNode {
        OperatorNode(
            name: "", domain: "", type: type, inputs: ["x"], outputs: ["y"], attributes: attributes)
    }

    private func geometry(_ attributes: [String: OperatorAttribute]) throws -> WindowGeometry {
        try WindowGeometry(
            OperatorDescription(
                node: node("Conv", attributes), version: 17, constants: [], operatorSets: [:]))
    }

    /// Two convolutions, of which the first pads, a pooling, a function, and a dense layer behind them.
    private func chain(_ random: inout RandomSource) throws -> (LayerChain, (Image) -> [Double])? {
        func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in random.float() * 0.3 } }
        let (first, second, last) = (numbers(5 * 2 * 9), numbers(19 * 5 * 9), numbers(3 * 19 * 2))
        let (bias, otherBias, lastBias) = (numbers(5), numbers(19), numbers(3))
        guard
            let a = ConvolutionWeights(
                first, inputChannels: 2, outputChannels: 5, windowArea: 9, bias: bias),
            let b = ConvolutionWeights(
                second, inputChannels: 5, outputChannels: 19, windowArea: 9, bias: otherBias)
        else { return nil }
        let padding = try geometry(["kernel_shape": .integers([3, 3]), "pads": .integers([1, 1, 1, 1])])
        let plain = try geometry(["kernel_shape": .integers([3, 3])])
        let halves = try geometry(["kernel_shape": .integers([2, 2]), "strides": .integers([2, 2])])
        let dense = WeightMatrix(last, inputCount: 38, outputCount: 3, bias: lastBias)
        var chain = LayerChain(.convolution(a, padding))
        for layer: LayerChain.Layer in [
            .function(UnaryFunction(name: .relu)), .pooling(halves, mean: false), .convolution(b, plain),
            .function(UnaryFunction(name: .tanh)), .flatten, .dense(dense),
        ] { chain = try #require(chain.appending(layer)) }
        return (
            chain,
            { image in
                var one = convolved(image, first, bias, pad: 1)
                one.numbers = one.numbers.map { max($0, 0) }
                let two = convolved(pooled(one), second, otherBias, pad: 0)
                let row = two.numbers.map(tanh)
                return lastBias.indices.map { output in
                    row.indices.reduce(Double(lastBias[output])) {
                        $0 + row[$1] * Double(last[output * row.count + $1])
                    }
                }
            }
        )
    }

    private func run(_ plan: LayerPlan, _ rows: [Float], _ memory: inout LayerMemory) -> [Float] {
        let count = rows.count / plan.inputCount
        var answers = [Float](repeating: .nan, count: count * plan.outputCount)
        var target = answers.mutableSpan
        plan.run(rows.span, rowCount: count, into: &target, memory: &memory)
        return answers
    }

    @Test func imagesGoThroughAllLayers_withTheSameBitsInEveryCompany() throws {
        var random = RandomSource(seed: 4)
        guard let (chain, reference) = try chain(&random) else { return }
        // Images of six lines and eight columns: three and four after the pooling, one and two at the end.
        let plan = try LayerPlan(chain, rowShape: Shape([2, 6, 8]))
        #expect(plan.inputCount == 96 && plan.outputCount == 3)
        let images = (0..<37 * 96).map { _ in random.float() }
        var memory = LayerMemory()
        let together = run(plan, images, &memory)
        for image in 0..<37 {
            let part = Array(images[image * 96..<(image + 1) * 96])
            let expected = reference(
                Image(channels: 2, height: 6, width: 8, numbers: part.map(Double.init)))
            for output in 0..<3 {
                #expect(abs(Double(together[image * 3 + output]) - expected[output]) < 1e-5)
            }
            // What other images left in the memory must not show.
            memory.even = memory.even.map { _ in .nan }
            memory.odd = memory.odd.map { _ in .nan }
            let alone = run(plan, part, &memory)
            #expect(alone.map(\.bitPattern) == together[image * 3..<image * 3 + 3].map(\.bitPattern))
        }
        for count in [2, 7, 8, 9, 16, 17, 36] {
            let got = run(plan, Array(images[..<(count * 96)]), &memory)
            #expect(got.map(\.bitPattern) == together[..<(count * 3)].map(\.bitPattern), "\(count) images")
        }
    }

    /// What ends in images answers channel by channel again.
    @Test func chainsThatEndInImages_answerChannelByChannel() throws {
        var random = RandomSource(seed: 5)
        let weights = (0..<3 * 2 * 9).map { _ in random.float() }
        let bias: [Float] = [1, 2, 3]
        guard
            let layer = ConvolutionWeights(
                weights, inputChannels: 2, outputChannels: 3, windowArea: 9, bias: bias)
        else { return }
        let padding = try geometry(["kernel_shape": .integers([3, 3]), "auto_pad": .string("SAME_UPPER")])
        let plan = try LayerPlan(LayerChain(.convolution(layer, padding)), rowShape: Shape([2, 3, 4]))
        #expect(plan.outputShape == Shape([3, 3, 4]))
        let images = (0..<3 * 24).map { _ in random.float() }
        var memory = LayerMemory()
        let answers = run(plan, images, &memory)
        for image in 0..<3 {
            let part = images[image * 24..<(image + 1) * 24].map(Double.init)
            let expected = convolved(
                Image(channels: 2, height: 3, width: 4, numbers: part), weights, bias, pad: 1)
            for index in 0..<36 {
                #expect(abs(Double(answers[image * 36 + index]) - expected.numbers[index]) < 1e-5)
            }
        }
    }

    @Test func layersThatDoNotFollowEachOther_makeNoChain() throws {
        let dense = WeightMatrix([1, 2], inputCount: 2, outputCount: 1)
        let chain = LayerChain(.dense(dense))
        #expect(chain.appending(.dense(dense)) == nil)
        #expect(chain.appending(.flatten) == nil)
        #expect(chain.adding(bias: [1]) != nil)
        #expect(chain.adding(bias: [1])?.adding(bias: [1]) == nil)
        #expect(throws: OperatorError.self) { try LayerPlan(chain, rowShape: Shape(3)) }
    }
}
