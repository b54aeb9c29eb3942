// SPDX-License-Identifier: Apache-2.0
internal import Inference
internal import Registry
internal import Tabular

/// The estimate of what a request costs, made before it is read: bytes in, rows, bytes out.
package enum RequestCost {
    /// JSON is read at 0.6 to 1.2 GB/s; written numbers cost about 30 ns.
    static let nanosecondsPerJSONByte = 1.5
    static let nanosecondsPerBinaryByte = 0.1
    static let nanosecondsPerWrittenNumber = 30.0
    /// A number in JSON with its comma, as clients write them; only a guess of how many rows there are.
    static let jsonBytesPerNumber = 9

    /// Below this, handing a request to another thread costs more than answering it at once; above, the other
    /// connections of the loop would wait (docs/internals/scheduling.md).
    package static let inlineMaxNanoseconds: UInt64 = 20_000
}

extension ServedModel {
    /// Nanoseconds that a request is expected to take, from `jsonSize` and `binarySize`, the bytes of its
    /// body.
    package func estimatedCost(jsonSize: Int, binarySize: Int) -> UInt64 {
        let rows = estimatedRows(jsonSize: jsonSize, binarySize: binarySize)
        let reading =
            Double(jsonSize) * RequestCost.nanosecondsPerJSONByte
            + Double(binarySize) * RequestCost.nanosecondsPerBinaryByte
        let writing = Double(rows * (outputs[0].width ?? 1)) * RequestCost.nanosecondsPerWrittenNumber
        return UInt64(reading + writing) + loaded.cost.nanoseconds(rows: rows)
    }

    /// Rows that so many bytes are thought to be.
    package func estimatedRows(jsonSize: Int, binarySize: Int) -> Int {
        let columns = max(schema.count, 1)
        let width = inputType == .float32 ? 4 : 8
        return max(1, jsonSize / (RequestCost.jsonBytesPerNumber * columns) + binarySize / (width * columns))
    }

    /// Nanoseconds that the contributions of `rows` rows are expected to take beside the predictions; known
    /// once a request is read.
    package func explanationCost(rows: Int) -> UInt64 { loaded.model.explanationNanoseconds(rows: rows) }
}
