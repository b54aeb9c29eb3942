// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import ModelFormat

/// Times reading a model file, and the native file made of it: `model-loading-benchmark FILE`.
///
/// Prints the best and the median of 31 rounds in milliseconds; the best is what the code costs, the median
/// what a busy machine makes of it.
@main enum ModelLoadingBenchmark {
    static func main() throws {
        guard CommandLine.arguments.count == 2 else {
            print("usage: model-loading-benchmark FILE")
            exit(64)
        }
        let file = try File.read(CommandLine.arguments[1], limit: 1 << 30)
        let graph = try ModelFile.load(file.span, fileName: "model")
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
        for _ in 0..<31 {
            times.append(try clock.measure(body))
        }
        times.sort()
        print(
            "\(what): best \(milliseconds(times[0])) ms, median \(milliseconds(times[15])) ms, \(bytes) bytes"
        )
    }

    private static func milliseconds(_ time: Duration) -> Double {
        (time / .milliseconds(1) * 1000).rounded() / 1000
    }
}
