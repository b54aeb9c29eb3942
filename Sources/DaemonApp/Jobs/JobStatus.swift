// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving

/// How far a job is, out of its files.
struct JobStatus {
    enum State: String {
        case running, paused, cancelled, failed, completed

        var isFinal: Bool { self == .cancelled || self == .failed || self == .completed }
    }

    let description: JobDescription
    let state: State
    /// Why it failed.
    let reason: String?
    /// Of the ranges that are done.
    private(set) var counts = BatchCounts()
    private(set) var rangesDone = 0
    /// Of all records, the header left out.
    private(set) var bytes = 0
    private(set) var bytesDone = 0

    init?(_ directory: JobDirectory) {
        guard let description = directory.readDescription() else { return nil }
        self.description = description
        if JobDirectory.exists(directory.result) {
            state = .completed
        } else if JobDirectory.exists(directory.cancelMark) {
            state = .cancelled
        } else if JobDirectory.exists(directory.failureMark) {
            state = .failed
        } else {
            state = JobDirectory.exists(directory.pauseMark) ? .paused : .running
        }
        if state == .failed, let bytes = try? File.read(directory.failureMark, limit: 65_536) {
            reason = String(copying: bytes.span)
        } else {
            reason = nil
        }
        let names = Set(((try? Directory.names(in: directory.parts)) ?? []).compactMap { $0 })
        if description.ranges == nil { bytes = description.inputSize - description.start.position }
        for (index, range) in (description.ranges ?? []).enumerated() {
            bytes += range.end - range.start
            // A job that is completed keeps its result and not its parts.
            let name = String(directory.part(index).split(separator: "/").last ?? "")
            guard state == .completed || names.contains(name), let own = directory.readCounts(index) else {
                continue
            }
            counts.add(own)
            rangesDone += 1
            bytesDone += range.end - range.start
        }
    }

    var document: JSONValue {
        var object = JSONObject()
        object["id"] = .string(description.id)
        object["state"] = .string(state.rawValue)
        if let reason { object["reason"] = .string(reason) }
        object["model"] = .string(description.model)
        object["version"] = .string(description.version)
        object["model_digest"] = .string(description.digest)
        object["created"] = .integer(Int64(description.created))
        if let creator = description.creator { object["created_by"] = .string(creator) }
        object["records"] = .integer(Int64(counts.records))
        object["errors"] = .integer(Int64(counts.errors))
        object["ranges"] = .integer(Int64(description.ranges?.count ?? 0))
        object["ranges_done"] = .integer(Int64(rangesDone))
        object["bytes"] = .integer(Int64(bytes))
        object["bytes_done"] = .integer(Int64(bytesDone))
        return .object(object)
    }
}
