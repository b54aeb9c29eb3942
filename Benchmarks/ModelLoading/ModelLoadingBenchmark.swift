// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import ModelFormat

/// Times reading a model file, and the native file made of it: `model-loading-benchmark FILE`.
///
/// Prints the most memory that the process had when the file was read for the first time, the file's own
/// bytes among it; then the best and the median of 31 rounds (of 3, for a file above 50 MB) in milliseconds
/// and the megabytes a second of the best. The best is what the code costs, the median what a busy machine
/// makes of it. `make_xgboost.py` makes a large file.
@main enum ModelLoadingBenchmark {
    static func main() throws {
        guard CommandLine.arguments.count == 2 else {
            print("usage: model-loading-benchmark FILE")
            exit(64)
        }
        let file = try File.read(CommandLine.arguments[1], limit: 1 << 31)
        let graph = try ModelFile.load(file.span, fileName: "model")
        var usage = rusage()
        // Safe because getrusage only writes the struct that it is given; 0 is this process.
        _ = unsafe getrusage(0, &usage)
        let share = Double(usage.ru_maxrss) * 1024 / Double(file.count)
        print("memory: \(usage.ru_maxrss / 1024) MiB, \((share * 100).rounded() / 100) of the file")
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
