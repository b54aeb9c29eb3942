// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Glibc
import Ingest
import Tabular

/// Times reading a file into a table, as `modeltrain` does: `ingest-benchmark FILE`.
///
/// Prints a line of JSON: the seconds of processor time that this process took for it, those that the file's
/// SHA-256 alone takes, which is part of it, and the table's rows.
@main struct IngestBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 2 else {
            print("usage: ingest-benchmark FILE")
            exit(64)
        }
        let start = now()
        let loaded = try TableLoader().load(arguments[1])
        let seconds = now() - start
        let digest = try digestSeconds(arguments[1])
        print(#"{"seconds":\#(seconds),"digest":\#(digest),"rows":\#(loaded.table.rowCount)}"#)
    }

    /// The digest of the file's bytes, which are read before and not counted.
    private static func digestSeconds(_ path: String) throws -> Double {
        let bytes = try File.read(path, limit: 1 << 34)
        var digest = SHA256()
        let start = now()
        var position = 0
        while position < bytes.count {
            let end = min(position + 1 << 18, bytes.count)
            digest.update(bytes.span.extracting(position..<end))
            position = end
        }
        _ = digest.finish()
        return now() - start
    }

    private static func now() -> Double {
        var time = timespec()
        // Safe because the time is written during the call.
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
