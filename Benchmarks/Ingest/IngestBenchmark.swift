// SPDX-License-Identifier: Apache-2.0
import Glibc
import Ingest
import Tabular

/// Times reading a CSV file into a table, as `modeltrain` does: `ingest-benchmark FILE.csv`.
///
/// Prints a line of JSON: the seconds of processor time that this process took for it, and the table's rows.
@main struct IngestBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 2 else {
            print("usage: ingest-benchmark FILE.csv")
            exit(64)
        }
        let start = now()
        let loaded = try TableLoader().load(arguments[1])
        print(#"{"seconds":\#(now() - start),"rows":\#(loaded.table.rowCount)}"#)
    }

    private static func now() -> Double {
        var time = timespec()
        // Safe because the time is written during the call.
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
