// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import ModelFormat
import Training

/// Bins and fits a table in memory and says what it took: the work of training.py's rounds.
///
/// usage: training-benchmark TABLE ROWS FEATURES ROUNDS LEAVES DEPTH THREADS TEST TEST-ROWS MARGINS
///
/// TABLE has FEATURES columns of ROWS Float32 each and one more, the classes 0 and 1; TEST likewise. The
/// margins of the test rows are written to MARGINS as Float32, the figures to standard output as one JSON
/// object.
@main
struct TrainingBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        let numbers = arguments.compactMap { Int($0) }
        guard arguments.count == 11, numbers.count == 7 else {
            print(
                "usage: training-benchmark TABLE ROWS FEATURES ROUNDS LEAVES DEPTH THREADS TEST ROWS "
                    + "MARGINS")
            exit(64)
        }
        let rowCount = numbers[0]
        let featureCount = numbers[1]
        var settings = BoostingSettings()
        settings.rounds = numbers[2]
        settings.leavesMax = numbers[3]
        settings.depthMax = numbers[4]
        var columns = try read(arguments[1], count: rowCount * (featureCount + 1))
        let targets = columns.suffix(rowCount).map { Double($0) }
        columns.removeLast(rowCount)
        let rows = BoostingTrainer.Rows(columns: columns, targets: targets)
        columns = []
        var trainer = BoostingTrainer(settings, threadCount: numbers[5])
        trainer.measuresLoss = false
        try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        let memory = try peakMemory()
        let cpu = processorSeconds()
        let start = MonotonicInstant.now
        let result = try trainer.fit(
            rows, features: BoostingTrainer.Features(count: featureCount), loss: .logistic)
        let seconds = Double(MonotonicInstant.now.nanoseconds(since: start)) / 1e9
        let used = processorSeconds() - cpu
        let growth = try peakMemory() - memory
        let test = try read(arguments[8], count: numbers[6] * (featureCount + 1))
        let margins = BoostingTrainer.margins(
            result.ensemble, columns: test, rowCount: numbers[6], threadCount: numbers[5])
        try unsafe margins.withUnsafeBytes {
            try unsafe Data($0).write(to: URL(fileURLWithPath: arguments[10]))
        }
        print(
            """
            {"seconds": \(seconds), "processor_seconds": \(used), "growth_mib": \(Double(growth) / 1024), \
            "leaves": \((result.ensemble.nodeCount + result.ensemble.treeCount) / 2)}
            """)
    }

    private static func read(_ path: String, count: Int) throws -> [Float] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        precondition(data.count == 4 * count, "\(path) has \(data.count) bytes, not \(4 * count)")
        var numbers = [Float](repeating: 0, count: count)
        _ = unsafe numbers.withUnsafeMutableBytes { unsafe data.copyBytes(to: $0) }
        return numbers
    }

    /// The most memory that the process had since the last reset, in KiB.
    private static func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
