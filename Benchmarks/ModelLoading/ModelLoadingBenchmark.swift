// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Inference
import ModelFormat
import Tabular

/// Times reading a model file, and the native file made of it: `model-loading-benchmark FILE`.
/// `model-loading-benchmark serve FILE` reads a native file as a server does, compiles it, and prints the
/// time and the most memory that the process had; `model-loading-benchmark make FILE MEGABYTES` writes a
/// network of that size.
///
/// Prints the most memory that the process had when the file was read for the first time, the file's own
/// bytes among it; then the best and the median of 31 rounds (of 3, for a file above 50 MB) in milliseconds
/// and the megabytes a second of the best. The best is what the code costs, the median what a busy machine
/// makes of it. `make_xgboost.py` makes a large file.
@main enum ModelLoadingBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        switch (arguments.count, arguments.dropFirst().first) {
        case (2, _): try read(arguments[1])
        case (3, "serve"): try serve(arguments[2])
        case (4, "make"): try makeNetwork(arguments[2], megabytes: Int(arguments[3]) ?? 1_000)
        default:
            print("usage: model-loading-benchmark FILE | serve FILE | make FILE MEGABYTES")
            exit(64)
        }
    }

    /// Layers of 4,096 numbers, all of one pattern.
    private static func makeNetwork(_ path: String, megabytes: Int) throws {
        let width = 4_096
        let count = max(1, (megabytes * 1_000_000 + 2 * width * width) / (4 * width * width))
        let weights = (0..<width * width).map { Float(($0 * 7_919) % 2_003 - 1_001) / 64_000 }
        let biases = (0..<width).map { Float($0 % 17) / 100 }
        let graph = ModelGraph(
            schema: FeatureSchema(features: (0..<width).map { Feature(name: "x\($0)", kind: .numeric) }),
            estimator: .multilayerPerceptron(
                MultilayerPerceptron(
                    layers: (0..<count).map { _ in
                        MultilayerPerceptron.Layer(weights: weights, biases: biases, activation: .relu)
                    })),
            output: OutputDescription(transform: .identity))
        try NativeModel.writeFile(graph, to: path)
    }

    private static func serve(_ path: String) throws {
        // Safe because the string lives for the call.
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else {
            print("cannot open \(path)")
            exit(66)
        }
        let before = memoryPeak()
        var size = 0
        var model: CompiledModel?
        let time = try ContinuousClock().measure {
            guard let file = NativeModelFile(reading: FileDescriptor(owning: number)) else {
                print("\(path) is no native model file")
                exit(66)
            }
            size = file.size
            model = try CompiledModel(try file.graph())
        }
        let share = Double(memoryPeak() - before) / Double(size)
        print(
            "serve native: \(milliseconds(time)) ms, \(size) bytes, "
                + "\(Int(Double(size) / 1000 / milliseconds(time))) MB/s, "
                + "memory \((share * 100).rounded() / 100) of the file, \(model?.schema.count ?? 0) features")
    }

    /// The most bytes that the process has had in memory.
    private static func memoryPeak() -> Int {
        var usage = rusage()
        // Safe because getrusage only writes the struct that it is given; 0 is this process.
        _ = unsafe getrusage(0, &usage)
        return Int(usage.ru_maxrss) * 1024
    }

    private static func read(_ path: String) throws {
        let file = try File.read(path, limit: 1 << 31)
        let graph = try ModelFile.load(file.span, fileName: "model")
        let share = Double(memoryPeak()) / Double(file.count)
        print("memory: \(memoryPeak() / 1_048_576) MiB, \((share * 100).rounded() / 100) of the file")
        let native = try NativeModel.write(graph)
        try measure("read \(try ModelFile.recognise(file.span, fileName: "").rawValue)", bytes: file.count) {
            _ = try ModelFile.load(file.span, fileName: "model")
        }
        try measure("read native", bytes: native.count) {
            _ = try ModelFile.load(native.span, fileName: "model")
        }
        try measure("write native", bytes: native.count) { _ = try NativeModel.write(graph) }
    }

    private static func measure(_ what: String, bytes: Int, _ body: () throws -> Void) rethrows {
        let clock = ContinuousClock()
        var times: [Duration] = []
        for _ in 0..<(bytes > 50_000_000 ? 3 : 31) {
            times.append(try clock.measure(body))
        }
        times.sort()
        print(
            "\(what): best \(milliseconds(times[0])) ms, median \(milliseconds(times[times.count / 2])) ms, "
                + "\(bytes) bytes, \(Int(Double(bytes) / 1000 / milliseconds(times[0]))) MB/s"
        )
    }

    private static func milliseconds(_ time: Duration) -> Double {
        (time / .milliseconds(1) * 1000).rounded() / 1000
    }
}
