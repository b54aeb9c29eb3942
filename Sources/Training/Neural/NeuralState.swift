// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// Where the training of a network stands after an epoch.
struct NeuralState {
    var layers: [NeuralLayer]
    var random: RandomSource
    /// The order that the last epoch took the rows in: the next one shuffles it further.
    var order: [Int]
    var epoch: Int
    /// Steps of Adam.
    var step: Int
    var best: Best?

    struct Best {
        var layers: [MultilayerPerceptron.Layer]
        var epoch: Int
        var loss: Double
    }

    var archive: NumberArchive {
        var archive = NumberArchive()
        archive.int64["counters"] = [
            Int64(epoch), Int64(step), Int64(bitPattern: random.state), best == nil ? 0 : 1,
            Int64(best?.epoch ?? 0),
        ]
        archive.int64["order"] = order.map { Int64($0) }
        archive.float64["best_loss"] = [best?.loss ?? 0]
        for (index, layer) in layers.enumerated() {
            archive.add(layer.weights, "layers.\(index).weights")
            archive.add(layer.biases, "layers.\(index).biases")
            if let normalization = layer.normalization {
                archive.add(normalization.scales, "layers.\(index).scales")
                archive.add(normalization.shifts, "layers.\(index).shifts")
                archive.float32["layers.\(index).running_means"] = normalization.runningMeans
                archive.float32["layers.\(index).running_variances"] = normalization.runningVariances
            }
            if let best {
                archive.float32["best.\(index).weights"] = best.layers[index].weights
                archive.float32["best.\(index).biases"] = best.layers[index].biases
            }
        }
        return archive
    }

    /// `layers` are those that the training began with, of the same sizes: each list must be as long.
    init(_ archive: NumberArchive, layers: [NeuralLayer], rowCount: Int) throws(TrainingError) {
        guard let counters = archive.int64["counters"], counters.count == 5, counters[0] >= 1,
            counters[1] >= 1, let order = archive.int64["order"], order.count == rowCount,
            order.allSatisfy({ $0 >= 0 && $0 < rowCount }), let loss = archive.float64["best_loss"]?.first
        else { throw .checkpoint("it is of other rows") }
        self.init(
            layers: layers, random: RandomSource(seed: UInt64(bitPattern: counters[2])),
            order: order.map { Int($0) }, epoch: Int(counters[0]), step: Int(counters[1]), best: nil)
        var bestLayers: [MultilayerPerceptron.Layer] = []
        for (index, layer) in layers.enumerated() {
            let prefix = "layers.\(index)"
            self.layers[index].weights = try archive.parameters("\(prefix).weights", like: layer.weights)
            self.layers[index].biases = try archive.parameters("\(prefix).biases", like: layer.biases)
            if let normalization = layer.normalization {
                let count = normalization.runningMeans.count
                self.layers[index].normalization = BatchNormalization(
                    scales: try archive.parameters("\(prefix).scales", like: normalization.scales),
                    shifts: try archive.parameters("\(prefix).shifts", like: normalization.shifts),
                    runningMeans: try archive.floats("\(prefix).running_means", count),
                    runningVariances: try archive.floats("\(prefix).running_variances", count))
            }
            guard counters[3] == 1 else { continue }
            var finished = layer.finished
            finished.weights = try archive.floats("best.\(index).weights", finished.weights.count)
            finished.biases = try archive.floats("best.\(index).biases", finished.biases.count)
            bestLayers.append(finished)
        }
        if counters[3] == 1 { best = Best(layers: bestLayers, epoch: Int(counters[4]), loss: loss) }
    }

    init(
        layers: [NeuralLayer], random: RandomSource, order: [Int], epoch: Int = 0, step: Int = 0,
        best: Best? = nil
    ) {
        self.layers = layers
        self.random = random
        self.order = order
        self.epoch = epoch
        self.step = step
        self.best = best
    }
}

extension NumberArchive {
    fileprivate mutating func add(_ parameters: AdamParameters, _ name: String) {
        float32[name] = parameters.values
        float32["\(name).means"] = parameters.means
        float32["\(name).squares"] = parameters.squares
    }

    fileprivate func floats(_ name: String, _ count: Int) throws(TrainingError) -> [Float] {
        guard let numbers = float32[name], numbers.count == count else {
            throw .checkpoint("it is of a network of another size")
        }
        return numbers
    }

    fileprivate func parameters(
        _ name: String, like other: AdamParameters
    ) throws(TrainingError) -> AdamParameters {
        let count = other.values.count
        return AdamParameters(
            try floats(name, count), means: try floats("\(name).means", count),
            squares: try floats("\(name).squares", count))
    }
}
