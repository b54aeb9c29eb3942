// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving

/// Writes what has been counted of models (statistics extension).
struct ModelStatisticsWriter {
    let models: [ServedModel]

    func write(into body: inout ByteBuffer) {
        let wallClock = WallClock.milliseconds
        body.append("{\"model_stats\":[")
        for (position, model) in models.enumerated() {
            if position > 0 { body.append(",") }
            write(model, wallClock: wallClock, into: &body)
        }
        body.append("]}")
    }

    private func write(_ model: ServedModel, wallClock: UInt64, into body: inout ByteBuffer) {
        let statistics = model.statistics
        body.append("{\"name\":")
        body.append(quoted: model.name)
        body.append(",\"version\":")
        body.append(quoted: model.version)
        body.append(",\"last_inference\":")
        let last = statistics.age.map { wallClock - min(wallClock, $0 / 1_000_000) } ?? 0
        body.append(decimal: Int64(clamping: last))
        body.append(",\"inference_count\":")
        body.append(decimal: Int64(clamping: statistics.rows))
        body.append(",\"execution_count\":")
        body.append(decimal: Int64(clamping: statistics.executions))
        body.append(",\"inference_stats\":{")
        write("\"success\":", statistics.success, into: &body)
        write(",\"fail\":", statistics.failure, into: &body)
        write(",\"queue\":", statistics.queue, into: &body)
        write(",\"compute_input\":", statistics.input, into: &body)
        write(",\"compute_infer\":", statistics.compute, into: &body)
        write(",\"compute_output\":", statistics.output, into: &body)
        let none = ServedStatistics.Sum(count: 0, nanoseconds: 0)
        write(",\"cache_hit\":", none, into: &body)
        write(",\"cache_miss\":", none, into: &body)
        body.append("},\"response_stats\":{},\"batch_stats\":[],\"memory_usage\":[")
        body.append("{\"type\":\"CPU\",\"id\":0,\"byte_size\":")
        body.append(decimal: Int64(model.fileSize))
        body.append("}]}")
    }

    private func write(
        _ name: StaticString, _ sum: ServedStatistics.Sum, into body: inout ByteBuffer
    ) {
        body.append(name)
        body.append("{\"count\":")
        body.append(decimal: Int64(clamping: sum.count))
        body.append(",\"ns\":")
        body.append(decimal: Int64(clamping: sum.nanoseconds))
        body.append("}")
    }
}
