// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Tabular

/// `modelctl batch merge`: one file from all shards, as one run would have written it.
struct BatchMergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Check all shards of a run and join them into its output.")

    @OptionGroup var options: BatchShardOptions

    func run() throws {
        let set = try options.soundSet()
        try BatchFailure.report { () throws(BatchFailure) in
            try merge(set)
            Console.output("\(options.output): \(set.records) records, \(set.errors) bad\n")
            return 0
        }
    }

    private func merge(_ set: BatchShardSet) throws(BatchFailure) {
        guard var manifest = set.manifests.first, let whole = BatchShard(index: 0, count: 1) else { return }
        var file = try BatchOutput(options.output)
        for own in set.manifests {
            // The header stands once, in front.
            var skipped = own.shard.index == 0 ? 0 : own.headerBytes
            let stream = try BatchShardSet.open(own.shard.path(of: options.output))
            while let piece = try BatchShardSet.nextPiece(stream) {
                let start = min(skipped, piece.count)
                skipped -= start
                try file.write(piece.span.extracting(start..<piece.count))
            }
        }
        let byteCount = file.byteCount
        manifest.sha256 = try file.finish() ?? ""
        manifest.shard = whole
        manifest.records = set.records
        manifest.errors = set.errors
        manifest.bytes = byteCount
        try manifest.write(beside: options.output)
    }
}
