// SPDX-License-Identifier: Apache-2.0
import Base
import Serving

/// The files that answers go to.
struct BatchPlace {
    var answers: String
    /// Of answers to bad records; nil: they stand among the others.
    var errors: String?

    /// - Parameters:
    ///   - output: as it was given; in Vertex AI's form a directory takes the files that Vertex AI writes.
    ///   - shard: which part of the answers it is; nil: all.
    init(_ output: String, _ format: BatchOptions.Format, shard: BatchShard?) throws(BatchFailure) {
        let isDirectory = output.hasSuffix("/") || (try? FileFacts(of: output))?.kind == .directory
        guard format == .vertex, isDirectory else {
            answers = shard?.path(of: output) ?? output
            return
        }
        do { try Directory.make(output) } catch { throw BatchFailure(error) }
        let directory = output.hasSuffix("/") ? output : output + "/"
        let suffix = shard?.suffix ?? BatchShard(index: 0, count: 1)?.suffix ?? ""
        answers = directory + "prediction.results" + suffix
        errors = directory + "prediction.errors_stats" + suffix
    }
}
