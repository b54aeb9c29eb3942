// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Serving
import Tabular

/// What the options of `modelctl batch run` mean.
extension BatchRunCommand {
    var batchOptions: BatchOptions {
        var options = BatchOptions()
        options.input = (format ?? Self.format(of: input))?.value ?? .csv
        options.output = (to ?? Self.format(of: output))?.value ?? options.input
        options.csv.delimiter = delimiterByte ?? UInt8(ascii: ",")
        options.hasHeader = !noHeader
        options.outputs = Self.names(outputs)
        options.kept = Self.names(keep)
        options.vertex.key = keyField
        options.vertex.included = Self.names(includedFields)
        options.vertex.excluded = Self.names(excludedFields)
        options.stopsAtBadRecord = onError == .stop
        return options
    }

    /// What decides about the bytes of the answers, in words.
    func words(_ options: BatchOptions) -> String {
        "\(options.input.rawValue) to \(options.output.rawValue), delimiter \(options.csv.delimiter), "
            + "header \(options.hasHeader), outputs \(options.outputs.joined(separator: ",")), "
            + "keep \(options.kept.joined(separator: ",")), stop \(options.stopsAtBadRecord)"
            + (options.output == .vertex ? ", \(options.vertex)" : "")
    }

    private static func names(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { String($0) }
    }

    private static func format(of path: String) -> Format? {
        let path = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
        if path.hasSuffix(".csv") || path.hasSuffix(".tsv") { return .csv }
        return path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson") ? .jsonl : nil
    }

    var delimiterByte: UInt8? {
        switch delimiter {
        case ",", ";", "|", ":": delimiter.utf8.first
        case "\\t", "\t": UInt8(ascii: "\t")
        default: nil
        }
    }

    var ownShard: BatchShard? {
        if let shard { return BatchShard(shard) }
        guard let shards, let index = Self.completionIndex else { return nil }
        return BatchShard(index: index, count: shards)
    }

    static var completionIndex: Int? {
        // Safe because the text is copied at once and nothing in this program changes the environment.
        guard let value = unsafe getenv("JOB_COMPLETION_INDEX") else { return nil }
        return Int(unsafe String(cString: value))
    }
}
