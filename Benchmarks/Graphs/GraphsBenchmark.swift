// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Inference
import ModelFormat
import Serving
import Tabular

/// Times operator graphs beside ONNX Runtime, in turns, one thread each:
/// `graphs-benchmark LIBONNXRUNTIME.so MODEL.onnx [ROWS,ROWS,…]`.
///
/// The model takes one tensor of Float32, whose first axis are the rows. Prints a line of JSON for each
/// number of rows: nanoseconds a row of either, medians of the rounds; the median of the rounds' ratios; how
/// far the answers are apart, relative to the largest of them. From 10,000 rows on, a second line: how many
/// times as fast two threads are, by the wall clock.
@main struct GraphsBenchmark {
    private static let rounds = 11

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 || arguments.count == 4 else {
            print("usage: graphs-benchmark LIBONNXRUNTIME.so MODEL.onnx [ROWS,ROWS,…]")
            exit(64)
        }
        let counts = (arguments.count == 4 ? arguments[3] : "1,8,32,64,1024,10000").split(separator: ",")
            .compactMap { Int($0) }
        let own = try OwnSession(arguments[2])
        let other = ONNXRuntimeSession(arguments[1], model: arguments[2])
        for count in counts { measure(own, other, rows: count) }
    }

    private static func measure(_ own: OwnSession, _ other: ONNXRuntimeSession, rows: Int) {
        let width = own.rowShape.reduce(1, *)
        var state: UInt64 = 7
        let numbers = (0..<rows * width).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 24) / Float(1 << 38)
        }
        // Sized for all numbers, and freed never: safe to write to, and to pass on.
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: numbers.count)
        for (index, number) in numbers.enumerated() { unsafe memory[index] = number }
        let shape = ([rows] + own.rowShape).map(Int64.init)
        own.prepare(numbers, rows: rows)
        let bodies = [
            { own.run() },
            { unsafe other.run(memory, count: numbers.count, shape: shape) },
        ]
        let repeats = bodies.map { body in
            body()
            body()
            return max(1, Int(5e7 / max(nanoseconds(3, body) / 3, 1)))
        }
        var times: [[Double]] = [[], []]
        for _ in 0..<rounds {
            for (index, body) in bodies.enumerated() {
                times[index].append(nanoseconds(repeats[index], body) / Double(repeats[index] * rows))
            }
        }
        let ratios = zip(times[0], times[1]).map { $0 / $1 }.sorted()
        let medians = times.map { $0.sorted()[rounds / 2] }
        let (answer, place) = own.floats()
        let theirs = other.answer(place, count: answer.count)
        let scale = answer.map(abs).max() ?? 0
        let farthest = zip(answer, theirs).map { abs($0 - $1) }.max() ?? .nan
        print(
            #"{"rows":\#(rows),"modeld":\#(rounded(medians[0])),"onnxruntime":\#(rounded(medians[1])),"#
                + #""ratio":\#(rounded(ratios[rounds / 2])),"least":\#(rounded(ratios[0])),"#
                + #""most":\#(rounded(ratios[rounds - 1])),"farthest":\#(farthest / max(scale, 1e-30))}"#)
        guard rows >= 10_000 else { return }
        let gains = (0..<rounds).map { _ in
            nanoseconds(repeats[0], clock: CLOCK_MONOTONIC) { own.run() }
                / nanoseconds(repeats[0], clock: CLOCK_MONOTONIC) { own.run(threads: 2) }
        }.sorted()
        print(#"{"rows":\#(rows),"threads":2,"gain":\#(rounded(gains[rounds / 2]))}"#)
    }

    /// By default of this process's processor, so that others on the machine disturb less.
    private static func nanoseconds(
        _ repeats: Int, clock: clockid_t = CLOCK_PROCESS_CPUTIME_ID, _ body: () -> Void
    ) -> Double {
        let start = now(clock)
        for _ in 0..<repeats { body() }
        return now(clock) - start
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        // Safe because the time is written during the call.
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    private static func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
}

/// This library, with the numbers already in a tensor, as a server's parser leaves them.
final class OwnSession {
    let rowShape: [Int]
    private let model: CompiledModel
    private var tensors: [Tensor] = []
    private var predictions = Predictions()
    private var scratch = InferenceScratch()
    private let workspace = Workspace(rowLimit: .max)

    init(_ path: String) throws {
        let file = try File.read(path, limit: 1 << 30)
        model = try CompiledModel(try ModelFile.load(file.span, fileName: path))
        guard let inputs = model.tensorInputs, inputs.count == 1, let shape = inputs[0].dimensions else {
            print("\(path) does not take one tensor")
            exit(66)
        }
        rowShape = shape.dropFirst().map { $0 ?? 1 }
    }

    func prepare(_ numbers: [Float], rows: Int) {
        tensors = [Tensor(shape: Shape([rows] + rowShape), elements: .float32(numbers))]
    }

    func run(threads: Int = 1) {
        do {
            if threads == 1 {
                try model.predict(tensors, into: &predictions, scratch: &scratch)
            } else {
                try RowSplitter(threads: threads).predict(model, tensors, workspace, cost: .max)
            }
        } catch {
            print("\(error)")
            exit(70)
        }
    }

    /// The first answer of Float32 numbers, and which output it is.
    func floats() -> (numbers: [Float], output: Int) {
        for (index, tensor) in predictions.tensors.enumerated() {
            if case .float32(let numbers) = tensor.elements {
                return (Array(numbers.prefix(tensor.count)), index)
            }
        }
        return ([], 0)
    }
}
