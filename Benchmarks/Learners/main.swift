// SPDX-License-Identifier: Apache-2.0
// Fits learners to a table in memory and prints, one JSON object a line, what they came to after which time:
//   learners-benchmark FILE logistic|mlp THREADS
// FILE: two Int64, rows and features; then the features, row-major, and the targets, in Float64.
import Base
import Glibc
import Training

func seconds(_ start: MonotonicInstant) -> Double {
    Double(MonotonicInstant.now.nanoseconds(since: start)) / 1e9
}

let arguments = CommandLine.arguments
guard arguments.count == 4, let threads = Int(arguments[3]) else {
    print("usage: learners-benchmark FILE logistic|mlp THREADS")
    exit(64)
}
let bytes = try File.read(arguments[1], limit: 4 << 30)

func number(_ index: Int) -> UInt64 {
    var value: UInt64 = 0
    for byte in 0..<8 { value |= UInt64(bytes[index * 8 + byte]) << UInt64(8 * byte) }
    return value
}

let (rowCount, featureCount) = (Int(number(0)), Int(number(1)))
let features = (0..<rowCount * featureCount).map { Double(bitPattern: number(2 + $0)) }
let targets = (0..<rowCount).map { Double(bitPattern: number(2 + rowCount * featureCount + $0)) }
let benchmark = LearnerBenchmark(
    features: features, targets: targets, featureCount: featureCount, threads: threads)
let start = MonotonicInstant.now
if arguments[2] == "logistic" {
    try benchmark.logistic { iteration, loss in
        print("{\"epoch\":\(iteration),\"seconds\":\(seconds(start)),\"loss\":\(loss)}")
    }
    print("{\"optimum_seconds\":\(seconds(start))}")
} else {
    try benchmark.perceptron(epochs: 10) { epoch, loss in
        print("{\"epoch\":\(epoch),\"seconds\":\(seconds(start)),\"loss\":\(loss)}")
    }
}
