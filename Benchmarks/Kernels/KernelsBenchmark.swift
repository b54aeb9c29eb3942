// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Times predictions of this library beside those of others, in turns, one thread each:
/// `kernels-benchmark ROWS.f32 COLUMNS modeld=MODEL [modeld-2=MODEL] [xgboost=LIBRARY:MODEL] …`.
///
/// ROWS.f32 holds Float32 numbers, row by row, at least 100,000 rows. Prints a line of JSON for each engine
/// and size (one row at a time, 10,000 rows, 100,000 rows, explanations): nanoseconds a row, the least and
/// the median of the rounds; the median of the rounds' ratios of the first engine to it; and how far its
/// predictions are from the first engine's. Others: `lightgbm=LIBRARY:MODEL`, `tl2cgen-f32=LIBRARY`,
/// `tl2cgen-f64=LIBRARY`, `lleaves=LIBRARY`.
@main struct KernelsBenchmark {
    private static let rounds = 9
    private static let singleCount = 1000

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let columns = Int(arguments[2]), columns > 0 else {
            print("usage: kernels-benchmark ROWS.f32 COLUMNS ENGINE=LIBRARY[:MODEL] …")
            exit(64)
        }
        let bytes = try File.read(arguments[1], limit: 1 << 30)
        // Safe because the bytes are copied whole, and any bits are a number.
        let numbers = unsafe bytes.withUnsafeBytes { unsafe Array(unsafe $0.bindMemory(to: Float.self)) }
        let all = try arguments.dropFirst(3).map { try engine($0, numbers, columns) }
        let (engines, pair) = (all.filter { $0.threads == 1 }, all.filter { $0.name == "modeld" })
        measure(engines, "1", rowCount: singleCount) { engine in
            for row in 0..<singleCount { engine.predictOne(row) }
        }
        for count in [10_000, 100_000] {
            measure(engines, "\(count)", rowCount: count) { $0.predict(count) }
        }
        let first = engines[0].predictions
        for engine in engines {
            let farthest = zip(engine.predictions, first).map { abs($0 - $1) }.max() ?? .nan
            print(#"{"engine":"\#(engine.name)","farthest":\#(farthest)}"#)
        }
        measure(engines.filter { $0.explain() }, "explain", rowCount: explainedRowCount) { _ = $0.explain() }
        if pair.count > 1 {
            measure(pair, "100000 on the wall clock", rowCount: 100_000, clock: CLOCK_MONOTONIC) {
                $0.predict(100_000)
            }
        }
    }

    private static func engine(_ argument: String, _ numbers: [Float], _ columns: Int) throws -> any Engine {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        let paths = parts.last?.split(separator: ":").map(String.init) ?? []
        let rows = RowMemory(numbers, columnCount: columns)
        switch (parts[0], paths.count) {
        case ("modeld", 1), ("modeld-2", 1):
            return try OwnEngine(
                paths[0], numbers, columns: columns, singleCount: singleCount,
                threads: parts[0] == "modeld" ? 1 : 2)
        case ("xgboost", 2): return XGBoostEngine(paths[0], model: paths[1], rows)
        case ("lightgbm", 2): return LightGBMEngine(paths[0], model: paths[1], rows)
        case ("tl2cgen-f32", 1): return Tl2cgenEngine<Float>(paths[0], rows)
        case ("tl2cgen-f64", 1): return Tl2cgenEngine<Double>(paths[0], rows)
        case ("lleaves", 1): return LleavesEngine(paths[0], rows)
        default:
            print("no such engine: \(argument)")
            exit(64)
        }
    }

    /// Each engine in turn, a tenth of a second at a time, several rounds. The processor's time of this
    /// process, so that others on the machine disturb less.
    private static func measure(
        _ engines: [any Engine], _ size: String, rowCount: Int, clock: clockid_t = CLOCK_PROCESS_CPUTIME_ID,
        _ body: (any Engine) -> Void
    ) {
        func nanoseconds(_ repeats: Int, _ engine: any Engine) -> Double {
            let start = now(clock)
            for _ in 0..<repeats { body(engine) }
            return now(clock) - start
        }
        let repeats = engines.map { engine in
            body(engine)
            return max(1, Int(1e8 / max(nanoseconds(1, engine), 1)))
        }
        var times = engines.map { _ in [Double]() }
        for _ in 0..<rounds {
            for (index, engine) in engines.enumerated() {
                times[index].append(
                    nanoseconds(repeats[index], engine) / Double(repeats[index] * rowCount))
            }
        }
        for (engine, own) in zip(engines, times) {
            let ratios = zip(times[0], own).map { $0 / $1 }.sorted()
            let sorted = own.sorted()
            print(
                #"{"engine":"\#(engine.name)","threads":\#(engine.threads),"size":"\#(size)","#
                    + #""least":\#(rounded(sorted[0])),"median":\#(rounded(sorted[rounds / 2])),"#
                    + #""ratio":\#(rounded(ratios[rounds / 2]))}"#)
        }
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        // Safe because the time is written during the call.
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    private static func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
}
