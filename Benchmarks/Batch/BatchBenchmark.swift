// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Inference
import ModelFormat
import Serving
import Tabular

/// Times the parts that a run over a CSV file is made of, each alone: `batch-benchmark FILE.csv MODEL`.
///
/// Prints a line of JSON: nanoseconds a row, by this process's processor time, for reading the file and its
/// numbers into blocks, for the predictions, and for writing those as text into a file beside the first; and
/// the bytes and rows of the file.
@main struct BatchBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 else {
            print("usage: batch-benchmark FILE.csv MODEL")
            exit(64)
        }
        let file = try File.read(arguments[2], limit: 1 << 30)
        let model = try CompiledModel(try ModelFile.load(file.span, fileName: arguments[2]))
        var best = [Double](repeating: .infinity, count: 3)
        var (rows, bytes) = (0, 0)
        for _ in 0..<3 {
            let parts = try Parts(arguments[1], model)
            (rows, bytes) = (parts.rowCount, parts.byteCount)
            for (index, time) in [parts.scan, parts.kernel, parts.write].enumerated() {
                best[index] = min(best[index], time / Double(max(rows, 1)))
            }
        }
        print(
            #"{"rows":\#(rows),"bytes":\#(bytes),"scan":\#(best[0]),"kernel":\#(best[1]),"write":\#(best[2])}"#
        )
    }
}

/// One measurement of each part, in nanoseconds for all rows.
private struct Parts {
    var rowCount = 0
    var byteCount = 0
    var scan = 0.0
    var kernel = 0.0
    var write = 0.0

    private static let chunkBytes = 1 << 18

    init(_ path: String, _ model: CompiledModel) throws {
        let options = BatchOptions()
        var framer = BatchFramer(options, for: BatchModel(model))
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", on: path) }
        let input = FileDescriptor(owning: descriptor)
        var pending = ByteBuffer(capacity: Self.chunkBytes)
        var block = RecordBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        var plan: ColumnPlan?
        var start = now()
        while true {
            var got = 0
            let wanted = Self.chunkBytes - pending.count
            // Safe because the kernel writes at most as many bytes as are free.
            unsafe pending.withFreeSpace(wanted) { start in
                got = unsafe read(input.number, start, wanted)
                return max(got, 0)
            }
            byteCount += max(got, 0)
            if plan == nil, let header = try framer.header(in: pending.bytes, isAtEnd: got <= 0) {
                plan = try ColumnPlan(
                    names: header.names ?? [], index: SchemaIndex(model.schema), inputType: model.inputType,
                    kept: [])
                pending.removeFirst(header.length)
            }
            guard let plan else { continue }
            let length = try framer.wholeRecords(pending.bytes, isAtEnd: got <= 0)
            let records = CSVRecords(options.csv)
            let lines = CSVFraming.lineCount(pending.bytes.extracting(0..<length))
            framer.advance(lines: lines)
            records.read(pending.bytes.extracting(0..<length), firstLine: 2, plan, into: &block)
            rowCount += block.recordCount
            pending.removeFirst(length)
            if got <= 0 { break }
            if kernel == 0 {
                // What the other two parts work on: the first chunk.
                scan += now() - start
                measureKernel(model, block, &predictions, &scratch)
                start = now()
            }
        }
        scan += now() - start
        kernel *= Double(rowCount)
        try measureWrite(predictions, to: "\(path).written")
    }

    private mutating func measureKernel(
        _ model: CompiledModel, _ block: borrowing RecordBlock, _ predictions: inout Predictions,
        _ scratch: inout InferenceScratch
    ) {
        let repeats = 200
        let start = now()
        for _ in 0..<repeats { model.predict(block.rows, into: &predictions, scratch: &scratch) }
        kernel = (now() - start) / Double(repeats * max(block.recordCount, 1))
    }

    private mutating func measureWrite(_ predictions: borrowing Predictions, to path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("create", on: path) }
        let output = FileDescriptor(owning: descriptor)
        defer { _ = unsafe unlink(path) }
        var buffer = ByteBuffer(capacity: Self.chunkBytes)
        let isWide = predictions.values.numberType == .float64
        let repeats = 200
        let start = now()
        for _ in 0..<repeats {
            for row in 0..<predictions.rowCount {
                let value = predictions.values.value(row: row, column: 0)
                if isWide { buffer.append(shortest: value) } else { buffer.append(shortest: Float(value)) }
                buffer.append(UInt8(ascii: "\n"))
            }
            // Safe because write reads only the bytes of the span.
            _ = unsafe buffer.bytes.withUnsafeBytes {
                unsafe Glibc.write(output.number, $0.baseAddress, $0.count)
            }
            buffer.clear()
        }
        write = (now() - start) / Double(repeats * max(predictions.rowCount, 1)) * Double(rowCount)
    }

    private func now() -> Double {
        var time = timespec()
        // Safe because the time is written during the call.
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
