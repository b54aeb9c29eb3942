// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Inference
import ModelFormat
import Tabular

/// Times predictions inside the process: `kernels-benchmark MODEL ROWS.f32 COLUMNS [OUT.f64]`.
///
/// ROWS.f32 holds Float32 numbers, row by row. Prints one line of JSON: nanoseconds a row, the least and the
/// median of the rounds, for one row at a time (a thousand different ones in turn), for 10,000 rows and for
/// 100,000. OUT.f64 gets the predictions of all rows, to be compared with those of others.
@main struct KernelsBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let columns = Int(arguments[3]), columns > 0 else {
            print("usage: kernels-benchmark MODEL ROWS.f32 COLUMNS [OUT.f64]")
            exit(64)
        }
        let file = try File.read(arguments[1], limit: 1 << 30)
        let model = try CompiledModel(try ModelFile.load(file.span, fileName: arguments[1]))
        let bytes = try File.read(arguments[2], limit: 1 << 30)
        // Safe because the bytes are copied whole, and any bits are a number; so below.
        let numbers = unsafe bytes.withUnsafeBytes { unsafe Array(unsafe $0.bindMemory(to: Float.self)) }
        let all = Rows(numbers, columns: columns, type: model.inputType)
        var results: [(String, Times)] = []
        let singles = stride(from: 0, to: 1000 * columns, by: columns).map {
            Rows(Array(numbers[$0..<$0 + columns]), columns: columns, type: model.inputType)
        }
        let runner = Runner(model)
        results.append(
            ("1", runner.measure(rowCount: 1000, rounds: 9) { for row in singles { $0.predict(row) } }))
        for count in [10_000, 100_000] where count <= all.block.rowCount {
            let rows = Rows(Array(numbers[..<(count * columns)]), columns: columns, type: model.inputType)
            results.append((String(count), runner.measure(rowCount: count, rounds: 7) { $0.predict(rows) }))
        }
        let text = results.map { #""\#($0)":{"least":\#($1.least),"median":\#($1.median)}"# }
        print("{" + text.joined(separator: ",") + "}")
        if arguments.count > 4 {
            runner.predict(all)
            var output: [Double] = []
            for row in 0..<all.block.rowCount {
                output.append(runner.predictions.values.value(row: row, column: 0))
            }
            let raw = unsafe output.withUnsafeBytes { unsafe Array($0) }
            try AtomicFile.write(raw.span, to: arguments[4])
        }
    }
}

/// Rows as the kernel reads them.
private final class Rows {
    let block: RowBlock

    init(_ numbers: [Float], columns: Int, type: NumberType) {
        var block = RowBlock()
        block.reset(columnCount: columns, numberType: type)
        block.appendRows(numbers.count / columns)
        for (index, number) in numbers.enumerated() {
            block.set(Double(number), row: index / columns, column: index % columns)
        }
        self.block = block
    }
}

private struct Times {
    var least: Double
    var median: Double
}

private final class Runner {
    let model: CompiledModel
    var predictions = Predictions()
    var scratch = InferenceScratch()

    init(_ model: CompiledModel) { self.model = model }

    func predict(_ rows: Rows) { model.predict(rows.block, into: &predictions, scratch: &scratch) }

    /// The body is repeated until a round takes a fifth of a second.
    func measure(rowCount: Int, rounds: Int, _ body: (Runner) -> Void) -> Times {
        let clock = ContinuousClock()
        body(self)
        let once = clock.measure { body(self) } / .nanoseconds(1)
        let repeats = max(1, Int(2e8 / once))
        var times: [Double] = []
        for _ in 0..<rounds {
            let time = clock.measure { for _ in 0..<repeats { body(self) } } / .nanoseconds(1)
            times.append((time / Double(repeats * rowCount) * 10).rounded() / 10)
        }
        times.sort()
        return Times(least: times[0], median: times[times.count / 2])
    }
}
